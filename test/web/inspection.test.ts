import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import type { StationView } from '../../agent/view/index.ts'
import { journalConfig, openJournal } from '../../agent/journal/index.ts'
import type { CorrectionEvent } from '../../agent/core/index.ts'
import { photograph, photographGoodParts } from '../../connectors/plant/camera.ts'
import type { Defect } from '../../connectors/plant/parts.ts'
import { AgentProcess } from '../support/agent-process.ts'
import { freePort } from '../support/mosquitto.ts'
import { until } from '../support/until.ts'
import { chromiumMissing, launch, open, overflow, violations, type Watched } from './browser.ts'

describe('the page of an inspection', function () {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-page-test-'))
  const started: (() => Promise<unknown>)[] = []
  let port: number
  let agent: AgentProcess
  let browser: Browser
  let watched: Watched
  let page: Page

  before(async function () {
    if (chromiumMissing !== undefined) {
      process.stderr.write(`    ${chromiumMissing}\n`)
      return this.skip()
    }
    await photographGoodParts(join(folder, 'good'), 40)
    port = await freePort()
    agent = new AgentProcess(folder, port, configuration(folder, port))
    started.push(() => agent.kill())
    await agent.start()
    browser = await launch()
    started.push(() => browser.close())
    watched = await open(browser, `http://127.0.0.1:${port}`)
    page = watched.page
  })

  after(async () => {
    for (const stop of started.reverse()) await stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const station = async () => (await agent.get('/api/inspections/covers')) as StationView

  /** Sends the image of a part, as a camera does; resolves when its verdict is stored. */
  async function send(number: number, defect?: Defect): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${port}/api/inspections/covers/images?part=P-${number}`, {
      method: 'POST',
      headers: { 'content-type': 'image/jpeg', authorization: `Bearer ${agent.token}` },
      body: await photograph(1, number, defect),
    })
    assert.equal(response.status, 200, await response.text())
  }

  const thumb = (number: number) => page.locator('.thumb', { hasText: `P-${number}` })
  const stage = () => page.locator('.stage')
  const loaded = (selector: string) =>
    page.locator(selector).first().evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth) // prettier-ignore

  it('says of a station without a model what to do, with the command', async () => {
    await page.getByRole('link', { name: 'Inspection', exact: true }).click()
    await page.getByRole('link', { name: 'lids' }).click()
    await page.getByRole('heading', { name: 'No model yet' }).waitFor()
    await page.getByText('millwright train --config FILE --monitor lids --images FOLDER').waitFor()
    await page.getByText('No part has come by yet. Its image appears here').waitFor()
    assert.deepEqual(await violations(page), [])
    await page.getByRole('link', { name: 'covers', exact: true }).click()
  })

  it('shows a part with its verdict as soon as it has one', async () => {
    await until('the station has learned', async () => (await station()).model !== null)
    await send(1)
    await thumb(1).waitFor()
    await stage().getByText('Pass', { exact: true }).waitFor()
    assert.match(await stage().innerText(), /Score 0\.\d+[\s\S]*fails above/)
  })

  it('shows its image to whoever is logged in', async () => {
    await stage().getByText('Log in to see the image').waitFor()
    assert.equal(await page.locator('.shot img').count(), 0)
    await page.getByRole('banner').getByRole('button', { name: 'Log in' }).click()
    const dialog = page.getByRole('dialog', { name: 'Log in' })
    await dialog.getByLabel('Token').fill(agent.token)
    await dialog.getByLabel('Your name').fill('Mei')
    await dialog.getByRole('button', { name: 'Log in' }).click()
    // The dialog was over the part: whoever points at one goes on seeing it.
    await page.mouse.move(0, 0)
    await until('the image is there', async () => (await loaded('.stage .shot img')) === 320)
  })

  it('shows a defective part with a map of what is unusual, which can be switched off', async () => {
    await send(2, 'missing-hole')
    await stage().getByText('Fail', { exact: true }).waitFor()
    assert.match(await stage().innerText(), /Score [\d.]+ is over [\d.]+/)
    await until('the map is there', async () => (await loaded('.stage .shot .map')) === 320)
    await page.getByLabel('Show what is unusual').uncheck()
    assert.equal(await page.locator('.map').count(), 0)
    await stage().focus()
    await page.keyboard.press('m')
    await page.locator('.stage .map').waitFor()
  })

  it('chooses parts by key, and follows the newest again', async () => {
    await stage().focus()
    await page.keyboard.press('ArrowLeft')
    await stage().getByText('Pass', { exact: true }).waitFor()
    await send(3)
    await thumb(3).waitFor()
    await stage().getByText('P-1', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Follow the newest' }).click()
    await stage().getByText('P-3', { exact: true }).waitFor()
  })

  it('takes a correction by key', async () => {
    await thumb(2).click()
    await stage().focus()
    await page.keyboard.press('1')
    await page.getByText('P-2 noted as good').waitFor()
    await stage().getByText('Truly good, says Mei').waitFor()
    assert.equal(await page.locator('.confusion .lost').innerText(), '1')
  })

  it('takes another one by mouse, which counts in place of the first', async () => {
    await stage().getByRole('button', { name: 'defect' }).click()
    await stage().getByText('Truly defect, says Mei').waitFor()
    await until('the table agrees', async () => (await page.locator('.confusion .lost').count()) === 0)
    assert.deepEqual((await station()).confusion, [{ verdict: 'fail', class: 'defect', parts: 1 }])
    await thumb(2).getByText('truly defect').waitFor()
  })

  it('lists parts that did not pass alone', async () => {
    await page.getByRole('button', { name: 'Not passed' }).click()
    await until('one part', async () => (await page.locator('.thumb').count()) === 1)
    await thumb(2).waitFor()
    await page.getByRole('button', { name: 'All', exact: true }).click()
    await until('three parts', async () => (await page.locator('.thumb').count()) === 3)
  })

  it('says so on the overview', async () => {
    await page.getByRole('link', { name: 'Overview' }).click()
    await page.getByText('1 of the last 3 parts failed').waitFor()
    await page.getByRole('link', { name: 'covers', exact: true }).click()
    await stage().waitFor()
  })

  for (const colorScheme of ['light', 'dark'] as const)
    it(`fits a phone, ${colorScheme}, without violations`, async () => {
      const phone = await open(browser, `http://127.0.0.1:${port}`, { viewport: { width: 390, height: 844 }, colorScheme }) // prettier-ignore
      await phone.page.getByRole('link', { name: 'Inspection', exact: true }).click()
      await phone.page.locator('.thumb').nth(2).waitFor()
      assert.equal(await overflow(phone.page), 0)
      assert.deepEqual(await violations(phone.page), [])
      assert.deepEqual(phone.complaints, [])
      await phone.close()
    })

  it('has no violations either, and nothing in the console', async () => {
    await stage().waitFor()
    assert.deepEqual(await violations(page), [])
    assert.deepEqual(watched.complaints, [])
  })

  it('shows the training of its model, how far it is and why, with the way to the models', async () => {
    const body = JSON.stringify({ by: 'Mei' })
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${agent.token}` }
    const response = await fetch(`http://127.0.0.1:${port}/api/models/covers/retrain`, { method: 'POST', headers, body }) // prettier-ignore
    assert.ok(response.ok, await response.text())
    const training = page.getByRole('region', { name: 'A model is being trained' })
    await training.getByText(/, \d+ %\. Why: \w+/).waitFor()
    assert.equal(await training.getByRole('link', { name: 'Models' }).getAttribute('href'), '#/models')
    assert.deepEqual(await violations(page), [])
    await training.waitFor({ state: 'detached' })
  })

  it('knows verdicts, corrections, kept images and their maps after a restart', async () => {
    await agent.stop()
    await agent.start()
    await page.getByText('Live', { exact: true }).waitFor()
    await until('three verdicts', async () => (await station()).newest.length === 3)
    await page.reload()
    await thumb(2).getByText('truly defect').waitFor()
    await thumb(2).click()
    await until('the image is there', async () => (await loaded('.stage .shot img')) === 320)
    await until('the map is there', async () => (await loaded('.stage .shot .map')) === 320)
    await thumb(1).getByText('No image').waitFor()
  })

  it('has put the corrections down in the journal', async () => {
    await agent.stop()
    const journal = await openJournal({ folder: join(folder, 'data', 'journal'), settings: journalConfig.parse({}), readOnly: true }) // prettier-ignore
    const { first, next } = journal.stats('samples')
    const said = journal
      .read('samples', first, next - first)
      .flatMap((entry) => (entry.kind === 'event' && entry.event.type === 'correction' ? [entry.event] : []))
      .map(({ station, part, class: name, by }: CorrectionEvent) => [station, part, name, by])
    await journal.close()
    assert.deepEqual(said, [
      ['covers', 'P-2', 'good', 'Mei'],
      ['covers', 'P-2', 'defect', 'Mei'],
    ])
  })
})

function configuration(folder: string, port: number): string {
  return `
site: covers
data: ${join(folder, 'data')}
http: { port: ${port} }
inspections:
  covers:
    source: { type: http }
    region: { left: 0.08, top: 0.08, width: 0.84, height: 0.84 }
    model: { type: learned, methods: [patches], false_rejects: 0.01 }
    learn: { images: ${join(folder, 'good')} }
  lids:
    source: { type: http }
`
}
