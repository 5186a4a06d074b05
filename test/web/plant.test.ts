import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync, type MqttClient } from 'mqtt'
import type { Browser, Page } from 'playwright-core'
import { AgentProcess } from '../support/agent-process.ts'
import { freePort, hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.ts'
import { until } from '../support/until.ts'
import { chromiumMissing, launch, open, violations, type Watched } from './browser.ts'

describe('the page of a plant that is closed to readers', function () {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-page-test-'))
  /** What `before` has started, in order. */
  const started: (() => Promise<unknown>)[] = []
  let broker: Mosquitto
  let agent: AgentProcess
  let publisher: MqttClient
  let browser: Browser
  let watched: Watched
  let page: Page

  before(async function () {
    const missing = chromiumMissing ?? (hasMosquitto ? undefined : 'mosquitto is not installed')
    if (missing !== undefined) {
      process.stderr.write(`    ${missing}\n`)
      return this.skip()
    }
    broker = await startMosquitto()
    started.push(() => broker.dispose())
    const [port, closed] = [await freePort(), await freePort()]
    agent = new AgentProcess(folder, port, configuration(folder, port, broker.url, `mqtt://127.0.0.1:${closed}`))
    started.push(() => agent.kill())
    await agent.start()
    publisher = await connectAsync(broker.url)
    started.push(() => publisher.endAsync(true))
    browser = await launch()
    started.push(() => browser.close())
    watched = await open(browser, `http://127.0.0.1:${port}`)
    page = watched.page
  })

  after(async () => {
    for (const stop of started.reverse()) await stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('tells nothing before the log-in, and says where the token is', async () => {
    await page.getByText('This agent is read by its operators only.').waitFor()
    assert.equal(await page.locator('.tile').count(), 0)
    await page.getByRole('main').getByRole('button', { name: 'Log in' }).click()
    await page.getByText('It is in the file http-token').waitFor()
    assert.deepEqual(await violations(page), [])
  })

  it('lets nobody in with a wrong token', async () => {
    const dialog = page.getByRole('dialog', { name: 'Log in' })
    await dialog.getByLabel('Token').fill('a guess')
    await dialog.getByRole('button', { name: 'Log in' }).click()
    await dialog.getByText('The token is wrong').waitFor()
  })

  it('shows the plant to whoever has the token, which no script can read', async () => {
    const dialog = page.getByRole('dialog', { name: 'Log in' })
    await dialog.getByLabel('Token').fill(agent.token)
    await dialog.getByLabel('Your name').fill('Mei')
    await dialog.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('heading', { name: 'Machines' }).waitFor()
    assert.equal(await page.getByRole('link', { name: 'Inspection' }).count(), 0, 'no station is configured')
    assert.equal(await page.evaluate('document.cookie'), '')
    assert.deepEqual(
      watched.complaints.filter((text) => !/40[13]/.test(text)),
      [],
      'a refused log-in is all that the browser complains about',
    )
  })

  it('shows a machine as soon as its first value arrives, and its history', async () => {
    await until('the first value', async () => {
      await publisher.publishAsync('plant/line1/press1/force', '12.5')
      return (await page.locator('.tile').count()) === 1
    })
    await page.locator('.tile').click()
    await page.locator('mw-chart canvas').first().waitFor()
    await until('the value is drawn', async () =>
      /12\.5/.test((await page.locator('.plot').first().getAttribute('aria-label')) ?? ''),
    )
  })

  it('says in plain words what is wrong with a connection, and what to do', async () => {
    await page.getByRole('link', { name: 'Connections' }).click()
    const down = page.locator('.connection', { hasText: 'gone' })
    await down.getByText('What to do:').waitFor()
    await page.locator('.connection', { hasText: 'press' }).getByText('Connected').waitFor()
  })

  it('shows what could not be used, with reason and payload', async () => {
    await publisher.publishAsync('plant/line1/press1/force', 'not a number at all')
    const letter = page.locator('.letter').first()
    await letter.waitFor()
    await letter.locator('summary').click()
    assert.match(await letter.innerText(), /plant\/line1\/press1\/force[\s\S]*not a number at all/)
    assert.deepEqual(await violations(page), [])
  })

  it('says so when the agent is gone, and is live again by itself when it is back', async () => {
    await page.getByText('Live', { exact: true }).waitFor()
    await agent.stop()
    await page.getByRole('alert').filter({ hasText: 'The agent does not answer' }).waitFor()
    assert.equal(await page.locator('.letter').count(), 1, 'what was known stays on the screen')
    await agent.start()
    await page.getByText('Live', { exact: true }).waitFor()
    assert.equal(await page.getByRole('alert').count(), 0)
    await page.locator('.letter').first().waitFor()
  })
})

function configuration(folder: string, port: number, url: string, closed: string): string {
  return `
site: press-shop
data: ${join(folder, 'data')}
http: { port: ${port}, read: token }
connectors:
  press: { type: mqtt, url: '${url}', topics: [{ filter: plant/+/+/+, tag: '{1}/{2}/{3}', format: number }] }
  gone: { type: mqtt, url: '${closed}', topics: [{ filter: other/+, tag: '{1}' }] }
assets: { press: { tags: '{line}/press{n}/{role}' } }
monitors: { press-health: { assets: press, window: 10s, every: 5s, model: anomaly } }
`
}
