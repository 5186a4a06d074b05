import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Finding } from '../../../agent/core/index.ts'
import { Influxd, influxdMissing } from '../../support/influxd.ts'
import { freePort, hasMosquitto, startMosquitto, type Mosquitto } from '../../support/mosquitto.ts'
import { OpcuaServer } from '../../support/opcua-server.ts'
import { millwright } from '../millwright.ts'

describe('millwright doctor', function () {
  let folder: string
  let broker: Mosquitto
  let plc: OpcuaServer
  let influxd: Influxd
  let findings: Record<string, Finding[]>
  let status: number | null
  const started: (() => Promise<unknown>)[] = []

  before(async function () {
    if (!hasMosquitto || influxdMissing) return this.skip()
    folder = mkdtempSync(join(tmpdir(), 'millwright-doctor-'))
    broker = await startMosquitto({ users: { anna: 'secret' } })
    started.push(() => broker.dispose())
    influxd = await Influxd.start({ auth: true })
    started.push(() => influxd.dispose())
    plc = await OpcuaServer.start(
      [
        { name: 'speed', value: 1 },
        { name: 'broken', value: 1, status: 'BadSensorFailure' },
        { name: 'wrong', value: 'text', dataType: 'String' },
        { name: 'old', value: 1, sourceTime: '1990-01-01T00:00:00Z' },
      ],
      { users: { anna: 'secret' }, insecure: true },
    )
    started.push(() => plc.close())
    const port = await freePort()
    mkdirSync(join(folder, 'data'))
    mkdirSync(join(folder, 'camera'))
    writeFileSync(join(folder, 'data', 'http-token'), 'x'.repeat(40))
    chmodSync(join(folder, 'data', 'http-token'), 0o644)
    writeFileSync(join(folder, 'plant.yaml'), configuration(port))
    const ended = await millwright(folder, 'doctor', '-c', 'plant.yaml', '--seconds', '1', '--json')
    status = ended.status
    findings = (JSON.parse(ended.stdout) as { findings: Record<string, Finding[]> }).findings
  })

  after(async () => {
    for (const stop of started.reverse()) await stop()
    rmSync(folder, { recursive: true, force: true })
  })

  function configuration(port: number): string {
    const opcua = `type: opcua, endpoint: "${plc.endpoint}", trust: any`
    const mqtt = `type: mqtt, url: "${broker.url}", reconnect: { first: 50ms }`
    const influx = `type: influxdb, url: "${influxd.url}"`
    const node = (name: string, more = '') =>
      `{ node: "nsu=http://millwright.test/plant;s=${name}", tag: ${name}${more} }`
    return `
data: data
http: { port: ${port} }
connectors:
  plc: { ${opcua}, security: none, tags: [${node('speed')}, ${node('nowhere')}, ${node('broken')}, ${node('wrong', ', type: number')}, ${node('old')}] }
  secure: { ${opcua}, tags: [${node('speed')}] }
  stranger: { ${opcua}, security: none, identity: { user: bob, password: wrong }, tags: [${node('speed')}] }
  quiet: { ${mqtt}, username: anna, password: secret, topics: [{ filter: silence/# }] }
  refused: { ${mqtt}, username: anna, password: wrong, topics: [{ filter: a }] }
  nobody: { type: mqtt, url: "mqtt://127.0.0.1:1", topics: [{ filter: a }] }
  lost: { type: mqtt, url: "mqtt://no-such-host.invalid", topics: [{ filter: a }] }
  history: { ${influx}, version: 1, database: plant, username: admin, password: secret }
  other: { ${influx}, version: 2, org: o, bucket: b, token: t }
  denied: { ${influx}, version: 1, database: plant, username: admin, password: wrong }
inspections:
  cap: { source: { type: folder, path: camera }, learn: { images: nowhere } }
  gone: { source: { type: folder, path: no-camera } }
  weld: { source: { type: mqtt, url: "${broker.url}", topic: camera/+, username: anna, password: secret } }
  seam: { source: { type: mqtt, url: "${broker.url}", topic: camera/+, username: anna, password: wrong } }
  far: { source: { type: mqtt, url: "mqtt://127.0.0.1:1", topic: camera/+ } }
  own: { source: { type: http }, model: { type: onnx, file: missing.onnx } }
  screw: { values: { torque: { tag: t } }, measured: { model: anomaly } }
`
  }

  /** The finding of a section that fits; every one of trouble says what to do. */
  function found(section: string, level: Finding['level'], text: RegExp): void {
    const title = Object.keys(findings).find((name) => name.startsWith(section))!
    const match = findings[title].find((finding) => finding.level === level && text.test(finding.text))
    assert.ok(match, `${text} in ${JSON.stringify(findings[title], null, 1)}`)
    if (level !== 'good') assert.ok((match.remedy ?? '').length > 10, `${match.text}: no remedy`)
  }

  const cases: [string, Finding['level'], RegExp][] = [
    ['This machine', 'good', /Node\.js \d+/],
    ['This machine', 'good', /ms for a commit/],
    ['This machine', 'warning', /others may read .*http-token/],
    ['This machine', 'warning', /plant\.yaml holds a password/],
    ['plc', 'good', /its clock agrees/],
    ['plc', 'trouble', /1 nodes are unknown to the server: .*nowhere/],
    ['plc', 'trouble', /1 nodes have bad values \(BadSensorFailure/],
    ['plc', 'trouble', /hold text, which is not the configured type: .*wrong/],
    ['plc', 'trouble', /have absurd times: .*old/],
    ['secure', 'trouble', /offers no endpoint with SignAndEncrypt/],
    ['stranger', 'trouble', /does not accept this kind of identity/],
    ['quiet', 'good', /accepts the connection/],
    ['quiet', 'warning', /nothing was heard/],
    ['refused', 'trouble', /not authorized|wrong user name/],
    ['nobody', 'trouble', /nothing listens on port 1/],
    ['lost', 'trouble', /the name no-such-host\.invalid is unknown/],
    ['history', 'good', /is InfluxDB 1\./],
    ['history', 'good', /the agent creates it|takes writes/],
    ['other', 'trouble', /version: 2, the server is 1\./],
    ['denied', 'trouble', /answered 401/],
    ['Station cap', 'good', /camera can be used; 0 entries/],
    ['Station cap', 'trouble', /learn\.images: \S*nowhere is no folder/],
    ['Station cap', 'warning', /cap has no model yet/],
    ['Station gone', 'trouble', /no-camera is no folder/],
    ['Station weld', 'good', /the broker accepts the connection/],
    ['Station weld', 'warning', /no image on camera/],
    ['Station seam', 'trouble', /not authorized|wrong user name/],
    ['Station far', 'trouble', /nothing listens on port 1/],
    ['Station own', 'trouble', /missing\.onnx/],
    ['Station screw', 'warning', /screw\.values has no model yet/],
    ['The running agent', 'good', /no agent runs with this configuration/],
  ]
  for (const [section, level, text] of cases) it(`${section}: ${text.source}`, () => found(section, level, text))

  it('exits with 1 where something does not work', () => assert.equal(status, 1))

  it('leaves no session at the server', async () => assert.equal((await plc.look()).sessions, 0))

  it('a connector that is not there is a usage error', async () => {
    const { status: code, stderr } = await millwright(folder, 'doctor', '-c', 'plant.yaml', '--connector', 'x')
    assert.equal(code, 2)
    assert.match(stderr, /there are: plc, secure/)
  })
})
