import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import type { Browser, Page } from 'playwright-core'
import type { ModelLife } from '../../agent/view/index.ts'
import { AgentProcess } from '../support/agent-process.ts'
import { freePort, hasMosquitto, startMosquitto } from '../support/mosquitto.ts'
import { pumpConfiguration, Pumps } from '../support/pumps.ts'
import { until } from '../support/until.ts'
import { chromiumMissing, launch, open, overflow, violations, type Watched } from './browser.ts'

describe('the models on the page', function () {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-page-models-'))
  const started: (() => Promise<unknown>)[] = []
  let agent: AgentProcess
  let pumps: Pumps
  let watched: Watched
  let page: Page
  let browser: Browser
  let url: string
  let first: string
  let second: string

  before(async function () {
    const missing = chromiumMissing ?? (hasMosquitto ? undefined : 'mosquitto is not installed')
    if (missing !== undefined) {
      process.stderr.write(`    ${missing}\n`)
      return this.skip()
    }
    const broker = await startMosquitto()
    started.push(() => broker.dispose())
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    const head = `site: pumps\ndata: ${join(folder, 'data')}\nhttp: { port: ${port} }\n`
    const learn = '{ after: 150s, drift: false, shadow: 1h }'
    agent = new AgentProcess(folder, port, head + pumpConfiguration(broker.url, learn))
    started.push(() => agent.kill())
    await agent.start()
    await agent.connected()
    const publisher = await connectAsync(broker.url)
    started.push(() => publisher.endAsync(true))
    pumps = new Pumps(publisher, agent)
    await pumps.advance(420)
    await until('the first model works', async () => (await life()).active !== undefined)
    first = (await life()).active!
    await pumps.advance(700)
    browser = await launch()
    started.push(() => browser.close())
    watched = await open(browser, url)
    page = watched.page
    await page.getByRole('link', { name: 'Models' }).click()
  })

  after(async () => {
    for (const stop of started.reverse()) await stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const life = async (): Promise<ModelLife> => ((await agent.get('/api/models')) as ModelLife[])[0]
  const row = (version: string) => page.getByRole('row').filter({ hasText: version })

  it('say since when one is at work and when the next training is, and show its report', async () => {
    await page.getByText(/since .+ · Next training/i).waitFor()
    await row(first).getByText('active').waitFor()
    await row(first).locator('summary').click()
    assert.match(await row(first).locator('pre').innerText(), /[Cc]andidates?/)
  })

  it('are trained again by a log-in and a button, and the new one is in its trial', async () => {
    await page.getByRole('button', { name: /^Retrain now/ }).click()
    const dialog = page.getByRole('dialog', { name: 'Log in' })
    await dialog.getByLabel('Token').fill(agent.token)
    await dialog.getByLabel('Your name').fill('Mei')
    await dialog.getByRole('button', { name: 'Log in' }).click()
    await until('a challenger', async () => (await life()).step === 'shadow')
    second = (await life()).versions.find(({ state }) => state === 'shadow')!.version
    await row(second).getByText('shadow').waitFor()
    await pumps.advance(800)
  })

  it('are put to work by a button', async () => {
    await row(second)
      .getByRole('button', { name: /^Promote/ })
      .click()
    await row(second).getByText('active').waitFor()
    assert.equal((await life()).active, second)
    await pumps.advance(840)
  })

  it('are taken back by a button', async () => {
    await page.getByRole('button', { name: /^Roll back/ }).click()
    await row(first).getByText('active').waitFor()
    assert.equal((await life()).active, first)
  })

  it('leave a record of who did it', async () => {
    const entries = (await agent.get('/api/audit')) as { by: string; action: string }[]
    const actions = entries.filter(({ by }) => by === 'Mei').map(({ action }) => action)
    assert.deepEqual(actions, ['rollback', 'promote', 'retrain', 'log-in'])
  })

  it('can be used by everyone, at 1440 and 390 px', async () => {
    assert.deepEqual(await violations(page), [])
    const narrow = await open(browser, url, { viewport: { width: 390, height: 844 } })
    await narrow.page.evaluate(`location.hash = '#/models'`)
    await narrow.page.getByRole('heading', { name: 'health' }).waitFor()
    assert.deepEqual(await violations(narrow.page), [])
    assert.equal(await overflow(narrow.page), 0)
    await narrow.close()
    assert.deepEqual(
      watched.complaints.filter((text) => !/40[13]/.test(text)),
      [],
    )
  })
})
