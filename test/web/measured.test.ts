import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync, type MqttClient } from 'mqtt'
import type { Browser, Page } from 'playwright-core'
import { millwright } from '../cli/millwright.ts'
import { screwedParts } from '../models/inspection/parts.ts'
import { AgentProcess } from '../support/agent-process.ts'
import { freePort, hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.ts'
import { OpcuaServer } from '../support/opcua-server.ts'
import { until } from '../support/until.ts'
import { chromiumMissing, launch, open, overflow, violations, type Watched } from './browser.ts'

describe('the page of a station without a camera', function () {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-page-test-'))
  const started: (() => Promise<unknown>)[] = []
  /** Event time of the first part; each takes a second. */
  const begin = Date.now() - 60_000
  let broker: Mosquitto
  let plc: OpcuaServer
  let agent: AgentProcess
  let client: MqttClient
  let browser: Browser
  let watched: Watched
  let page: Page
  let address: string
  let count = 0

  before(async function () {
    const missing = chromiumMissing ?? (hasMosquitto ? undefined : 'mosquitto is not installed')
    if (missing !== undefined) {
      process.stderr.write(`    ${missing}\n`)
      return this.skip()
    }
    broker = await startMosquitto()
    started.push(() => broker.dispose())
    plc = await OpcuaServer.start([{ name: 'Reject', value: false, dataType: 'Boolean' }])
    started.push(() => plc.close())
    const port = await freePort()
    address = `http://127.0.0.1:${port}`
    agent = new AgentProcess(folder, port, configuration(folder, port, broker.url, plc.endpoint))
    started.push(() => agent.kill())
    await train()
    await agent.start()
    await agent.connected()
    client = await connectAsync(broker.url)
    started.push(() => client.endAsync(true))
    browser = await launch()
    started.push(() => browser.close())
    watched = await open(browser, address)
    page = watched.page
  })

  after(async () => {
    for (const stop of started.reverse()) await stop()
    rmSync(folder, { recursive: true, force: true })
  })

  afterEach(function () {
    if (this.currentTest?.state === 'failed') process.stderr.write(`${agent.output}\n`)
  })

  /** The model, as a user makes it: from a table of good parts. */
  async function train(): Promise<void> {
    const rows = screwedParts(300, 1).map(({ values: { torque, depth, heat } }) => [torque, depth, heat].join(','))
    writeFileSync(join(folder, 'parts.csv'), ['torque,depth,heat', ...rows].join('\n'))
    const { status, stderr } = await millwright(folder, 'train', '-c', 'plant.yaml', '--monitor', 'screw', '--data', 'parts.csv') // prettier-ignore
    assert.equal(status, 0, stderr)
  }

  async function screw(part: string, values: Record<string, number>): Promise<void> {
    const ts = begin + count++ * 1_000
    const publish = (name: string, value: number | string, at: number) => client.publishAsync(`screw/${name}`, JSON.stringify({ ts: at, value }), { qos: 1 }) // prettier-ignore
    await publish('part', part, ts)
    for (const [name, value] of Object.entries(values)) await publish(name, value, ts + 100)
    await thumb(part).waitFor()
  }

  const thumb = (part: string) => page.locator('.thumb', { hasText: part })
  const stage = () => page.locator('.stage')

  it('says that nothing has come by, without a word of a camera', async () => {
    await page.getByRole('link', { name: 'Inspection', exact: true }).click()
    await page.getByText('No part has come by yet. It appears here as soon as it is measured.').waitFor()
    assert.equal(await page.getByText(/camera|image/i).count(), 0)
    assert.deepEqual(await violations(page), [])
  })

  it('shows a good part with its values, what is allowed, and its score', async () => {
    await screw('P1', { torque: 3, depth: 10, heat: 80 })
    await stage().getByText('Pass', { exact: true }).waitFor()
    const words = await stage().innerText()
    assert.match(words, /torque from 2\s+3/)
    assert.match(words, /heat up to 95\s+80/)
    assert.match(words, /Measured values [\d.]+\s+fails above [\d.]+/)
    assert.equal(await stage().locator('.shot, .switch').count(), 0)
  })

  it('shows of one that its model fails which values weigh most, and that the PLC was told', async () => {
    await screw('P2', { torque: 2.4, depth: 10, heat: 80 })
    await stage().getByText('Fail', { exact: true }).waitFor()
    assert.match(await stage().innerText(), /Values: score .* most by (torque|depth)/)
    assert.match(await stage().innerText(), /Contributions: (torque|depth) \d+ %/)
    await stage().getByText('Reject signal written and read back').waitFor()
    assert.equal(await plc.read('Reject'), true)
  })

  it('marks a value that is outside its limits', async () => {
    await screw('P3', { torque: 3, depth: 10, heat: 99 })
    await stage()
      .getByText(/heat 99 is outside/)
      .waitFor()
    assert.equal(await stage().locator('dd.lost').innerText(), '99')
  })

  it('says which value is missing', async () => {
    await screw('P4', { torque: 3, depth: 10 })
    await stage().getByText('Values missing', { exact: true }).waitFor()
    assert.match(await stage().innerText(), /heat up to 95\s+missing/)
  })

  it('says that the PLC was not told, how often it was tried and why', async () => {
    await plc.kill()
    await screw('P5', { torque: 3, depth: 10, heat: 99 })
    await stage()
      .getByText(/The signal to the PLC failed, tried/)
      .waitFor()
    await thumb('P5').getByText('signal failed').waitFor()
    await page.getByText(/Reject signal: no reject signal to/).waitFor()
  })

  for (const [width, height] of [
    [1440, 900],
    [390, 844],
  ] as const)
    // prettier-ignore
    for (const colorScheme of ['light', 'dark'] as const)
      it(`fits ${width} px, ${colorScheme}, without violations`, async () => {
        const other = await open(browser, address, { viewport: { width, height }, colorScheme })
        await other.page.getByRole('link', { name: 'Inspection', exact: true }).click()
        await other.page.locator('.thumb').nth(4).waitFor()
        assert.equal(await overflow(other.page), 0)
        assert.deepEqual(await violations(other.page), [])
        assert.deepEqual(other.complaints, [])
        await other.close()
      })

  it('knows after a restart what became of the signals', async () => {
    await agent.stop()
    await agent.start()
    await page.getByText('Live', { exact: true }).waitFor()
    await page.reload()
    await thumb('P5').getByText('signal failed').waitFor()
    await thumb('P2').click()
    await stage().getByText('Reject signal written and read back').waitFor()
    await until('five parts', async () => (await page.locator('.thumb').count()) === 5)
  })
})

function configuration(folder: string, port: number, url: string, endpoint: string): string {
  return `
site: screws
data: ${join(folder, 'data')}
http: { port: ${port} }
connectors:
  line: { type: mqtt, url: "${url}", topics: [{ filter: "screw/+", tag: "screw/{1}" }] }
  plc:
    type: opcua
    endpoint: ${endpoint}
    trust: any
    reconnect: { first: 200ms, longest: 1s }
    tags: [{ node: "ns=2;s=Reject", tag: plc/reject }]
inspections:
  screw:
    values:
      torque: { tag: screw/torque, part: screw/part, min: 2 }
      depth: { tag: screw/depth, part: screw/part }
      heat: { tag: screw/heat, part: screw/part, max: 95 }
    measured: { model: anomaly }
    timeout: 2s
    reject: { connector: plc, node: "ns=2;s=Reject", within: 2s }
`
}
