import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { influxdb } from '../../../connectors/influxdb/index.ts'

const v1 = { version: 1, url: 'http://influx:8086', database: 'plant' }
const v2 = { version: 2, url: 'http://influx:8086', org: 'plant', bucket: 'machines', token: 'x' }

describe('configuration of influxdb', () => {
  it('needs no more than the target', () => {
    const settings = influxdb.config.parse(v1) as Record<string, unknown>
    assert.equal(settings.batch, 5000)
    assert.equal(settings.gzip, true)
    assert.equal(settings.timeout, 10_000)
    assert.equal(settings.create, true)
    assert.deepEqual(settings.content, [
      'samples',
      'aggregates',
      'predictions',
      'alarms',
      'models',
      'gaps',
      'reports',
      'agent',
      'inspections',
      'actions',
    ])
    assert.ok(influxdb.config.parse({ version: 3, url: 'https://influx/v3', database: 'plant' }))
  })

  it('reads the token from a file and never shows it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'influxdb-config-'))
    try {
      await writeFile(join(folder, 'token'), 'very secret\n')
      const { token: _, ...rest } = v2
      const settings = influxdb.config.parse({ ...rest, token_file: join(folder, 'token') })
      assert.equal((settings as { token_file: { reveal(): string } }).token_file.reveal(), 'very secret')
      assert.ok(!JSON.stringify(settings).includes('very secret'))
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  for (const [settings, path, message] of [
    [{ ...v1, version: 4 }, 'version', /1, 2 or 3/],
    [{ ...v1, bucket: 'x' }, '', /bucket/],
    [{ ...v1, url: 'influx:8086' }, 'url', /such as http:/],
    [{ ...v1, url: 'mqtt://influx' }, 'url', /such as http:/],
    [{ ...v1, url: 'http://me:secret@influx' }, 'url', /must not hold a user name/],
    [{ ...v1, retention: { name: 'r', duration: '1 year' } }, 'retention.duration', /such as 90d/],
    [{ ...v1, batch: 0 }, 'batch', />=1/],
    [{ ...v1, content: ['everything'] }, 'content.0', /samples/],
    [{ ...v1, measurements: { sensor: 'my sensor' } }, 'measurements.sensor', /letters, digits/],
    [{ ...v2, token: undefined }, 'token', /set token or token_file/],
    [{ ...v2, token_file: '/nowhere/token' }, 'token_file', /cannot read \/nowhere\/token/],
  ] as const)
    it(`refuses ${JSON.stringify(settings)}`, () => {
      const { error } = influxdb.config.safeParse(settings)
      const issue = error?.issues.find((candidate) => candidate.path.join('.') === path)
      assert.match(issue?.message ?? 'accepted', message)
    })

  it('makes a sink without connecting, and no source', () => {
    assert.equal(influxdb.source, undefined)
  })
})
