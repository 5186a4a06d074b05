import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parse } from 'yaml'
import { demoConfiguration } from '../../../agent/cli/demo.ts'
import { schema } from '../../../agent/settings/schema.ts'
import { ConfigError } from '../../../agent/core/index.ts'
import { parseConfig } from '../../../config/index.ts'
import { answers, text, root } from '../repository.ts'

const plantAddresses = { PLANT_ENDPOINT: 'opc.tcp://127.0.0.1:1', PLANT_BROKER: 'mqtt://127.0.0.1:1', PLANT_GOOD_PARTS: '/tmp' } // prettier-ignore

describe('npm run build', () => {
  it('puts the weights of networks that come along, and their licences, beside the code', () => {
    const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> }
    const [, copy] = /node -e "([^"]+)"$/.exec(scripts['build:assets'])!
    const folder = mkdtempSync(join(tmpdir(), 'millwright-build-'))
    const weights = { 'faces/yunet': 'weights.bin', backbone: 'mobilenet-v2.onnx' }
    try {
      for (const name of Object.keys(weights)) {
        const from = join('models', 'inspection', name)
        cpSync(join(root, from), join(folder, from), { recursive: true })
      }
      execFileSync(process.execPath, ['-e', copy], { cwd: folder })
      for (const [name, file] of Object.entries(weights)) {
        const built = join(folder, 'dist', 'models', 'inspection', name)
        for (const own of [file, 'LICENSE', 'README.md']) assert.ok(existsSync(join(built, own)), own)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('Dockerfile', () => {
  const dockerfile = text('Dockerfile')

  it('copies nothing that .dockerignore keeps out', () => {
    const let_in = text('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1))
    const needed = [
      'package.json',
      'package-lock.json',
      '.npmrc',
      'config/docker/prune.sh',
      'tsconfig.build.json',
      'LICENSE',
    ]
    for (const file of needed) {
      assert.ok(existsSync(join(root, file)), file)
      assert.ok(let_in.includes(file.split('/')[0]), file)
    }
  })

  it('runs as a user without rights, on a volume that is the data folder', () => {
    assert.match(dockerfile, /^USER 1\d+:1\d+$/m)
    assert.match(dockerfile, /MILLWRIGHT_DATA=\/data /)
    assert.match(dockerfile, /^VOLUME \/data$/m)
  })

  it('asks for its health where the agent answers', async () => {
    const [, health] = /HEALTHCHECK[^]*?CMD (\[.*\])/.exec(dockerfile)!
    const [, run] = /\nCMD (\[.*\])/.exec(dockerfile)!
    const [program, ...words] = JSON.parse(health) as string[]
    assert.deepEqual([program, ...words.slice(0, 2)], ['millwright', 'status', '--health'])
    assert.equal(words.at(-1), (JSON.parse(run) as string[]).at(-1))
    await answers(['/healthz'])
  })
})

interface Service {
  readonly image: string
  readonly volumes: readonly string[]
  readonly ports?: readonly string[]
  readonly command?: readonly string[]
}

describe('compose.yaml', () => {
  const folder = join(root, 'config', 'docker')
  const { services, volumes } = parse(text('config', 'docker', 'compose.yaml')) as {
    services: Record<string, Service>
    volumes: Record<string, null>
  }

  it('mounts files that are there and volumes that it declares', () => {
    for (const mount of Object.values(services).flatMap((service) => service.volumes)) {
      const [from] = mount.split(':')
      if (from.startsWith('.')) assert.ok(existsSync(resolve(folder, from)), mount)
      else assert.ok(from in volumes, mount)
    }
  })

  it('opens ports to this machine only, and names the version of every image', () => {
    for (const [name, { image, ports = [] }] of Object.entries(services)) {
      for (const open of ports) assert.match(open, /^127\.0\.0\.1:/)
      if (name !== 'millwright') assert.match(image, /:\d+\.\d+\.\d+$/)
    }
  })

  it('has the demo deliver to its own InfluxDB and broker', () => {
    const sinks = join(folder, 'sinks.yaml')
    const config = parseConfig<typeof schema>(demoConfiguration(sinks), { schema, env: plantAddresses })
    const added = Object.keys(parse(readFileSync(sinks, 'utf8')) as object)
    assert.ok(added.every((name) => name in config.connectors))
    const hosts = [...readFileSync(sinks, 'utf8').matchAll(/:\/\/([\w-]+):/g)].map(([, host]) => host)
    assert.deepEqual(
      hosts.filter((host) => !(host in services)),
      [],
    )
  })

  it('shows in Grafana the database that the demo writes to', () => {
    const { history } = parse(text('config', 'docker', 'sinks.yaml')) as { history: { url: string; database: string } }
    const { environment } = services.grafana as unknown as { environment: Record<string, string> }
    assert.equal(environment.INFLUXDB_URL, history.url)
    assert.equal(environment.INFLUXDB_DATABASE, history.database)
    const source = text('config', 'grafana', 'influxql', 'provisioning', 'datasources', 'millwright.yaml')
    for (const [, name] of source.matchAll(/\$(\w+)/g)) assert.ok(name in environment, name)
  })
})

describe('demo --connectors', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-connectors-'))
  after(() => rmSync(folder, { recursive: true }))

  for (const [what, content] of [
    ['is not YAML', '{'],
    ['holds no names', '- type: influxdb'],
    ['is not there', undefined],
  ] as const) {
    it(`says what is wrong with a file that ${what}`, () => {
      const file = join(folder, what.replaceAll(' ', '-'))
      if (content !== undefined) writeFileSync(file, content)
      assert.throws(
        () => demoConfiguration(file),
        (error: unknown) => error instanceof ConfigError && error.message.includes(file),
      )
    })
  }
})

describe('systemd unit', () => {
  const unit = text('config', 'systemd', 'millwright.service')

  it('lets systemd-notify speak for the agent, and does not start a wrong configuration again', () => {
    assert.match(unit, /^Type=notify$/m)
    assert.match(unit, /^NotifyAccess=all$/m)
    assert.match(unit, /^WatchdogSec=\d+$/m)
    assert.match(unit, /^RestartPreventExitStatus=2 78$/m)
  })

  it('keeps data where it gives the agent a state directory', () => {
    const [, directory] = /^StateDirectory=(\S+)$/m.exec(unit)!
    assert.match(unit, new RegExp(`MILLWRIGHT_DATA=/var/lib/${directory}$`, 'm'))
  })
})
