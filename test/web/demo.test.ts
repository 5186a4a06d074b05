import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import type { History } from '../../agent/view/shapes.ts'
import { endProcess } from '../support/ending.ts'
import { until } from '../support/until.ts'
import { chromiumMissing, launch, open, overflow, violations, type Watched } from './browser.ts'
import { program } from '../support/program.ts'

const views = ['overview', 'asset/line1%2Fpump2', 'alarms', 'models', 'inspection', 'connections']

describe('the page of the demo', function () {
  const temporary = mkdtempSync(join(tmpdir(), 'millwright-page-test-'))
  let demo: ChildProcess
  let browser: Browser
  let watched: Watched
  let page: Page
  let output = ''
  let url = ''
  let entry = ''

  before(async function () {
    if (chromiumMissing !== undefined) {
      process.stderr.write(`    ${chromiumMissing}\n`)
      return this.skip()
    }
    demo = spawn(process.execPath, [...program, 'demo', '--http-port', '0'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: temporary },
    })
    for (const stream of [demo.stdout!, demo.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    await until('the demo says where its page is', () => {
      ;[entry = '', url = ''] = /(http:\/\/127\.0\.0\.1:\d+)\/\?key=\S+/.exec(output) ?? []
      if (demo.exitCode !== null) throw new Error(`the demo ended:\n${output}`)
      return url !== ''
    })
    browser = await launch()
    watched = await open(browser, url, {}, entry)
    page = watched.page
  })

  after(async () => {
    await (browser as Browser | undefined)?.close()
    await endProcess(demo, 'SIGTERM')
    rmSync(temporary, { recursive: true, force: true })
  })

  const go = (view: string, on = page) => on.evaluate(`location.hash = '#/${view}'`)
  const heading = (name: string | RegExp) => page.getByRole('heading', { name, level: 1 })

  it('shows every machine, says that it is simulated, and what the agent is doing', async () => {
    await page.getByText('Simulation', { exact: true }).waitFor()
    await until('five machines', async () => (await page.locator('.tile').count()) === 5)
    await page.getByRole('heading', { name: 'What the agent is doing' }).waitFor()
    assert.match(await page.title(), /demo · Millwright/)
  })

  it('watches when it has learned', async () => {
    await page.getByText('watching 4 machines').waitFor()
    await heading('Everything runs as learned').waitFor()
    await until('it has run as learned for a while', async () => (await calmSeconds(url, 'line1/pump2')) >= 10)
  })

  it('breaks a machine and shows its alarm first, with the signal to blame', async () => {
    await page.getByRole('combobox', { name: 'Fault' }).selectOption({ label: 'line1/pump2: Bearing wear' })
    await page.getByRole('button', { name: 'Inject fault' }).click()
    await page.getByText('Fault injected into line1/pump2.').waitFor()
    await heading('1 machine needs attention').waitFor()
    const first = page.locator('.tile').first()
    assert.match(await first.innerText(), /pump2[\s\S]*Active[\s\S]*vibration/)
    assert.match(await page.title(), /^\(1\) /)
    await until('it is announced', async () =>
      (await page.locator('[aria-live=assertive]').innerText()).includes('New alarm: line1/pump2'),
    )
  })

  it('draws the machine’s signals and its score, and explains the alarm by an earlier window', async () => {
    await page.locator('.tile').first().click()
    await heading('pump2').waitFor()
    await until('seven charts', async () => (await page.locator('mw-chart canvas').count()) === 7)
    const score = page.locator('.plot').first()
    assert.match((await score.getAttribute('aria-label'))!, /^Score, pump-health: .+ to .+, newest/)
    const why = page.locator('.why tbody tr').first()
    await why.locator('td').nth(2).waitFor()
    const [signal, , atAlarm, before] = await why.locator('th, td').allInnerTexts()
    assert.equal(signal, 'vibration')
    assert.ok(parseFloat(atAlarm) > parseFloat(before), `${atAlarm} at the alarm, ${before} before`)
  })

  it('moves in time by keys and by dragging, and comes back to live', async () => {
    const charts = page.getByRole('group', { name: /^Charts/ })
    const asked: URL[] = []
    page.on('request', (request) => {
      if (request.url().includes('/api/history')) asked.push(new URL(request.url()))
    })
    await charts.focus()
    await page.keyboard.press('ArrowLeft')
    await page.getByRole('button', { name: 'Follow live' }).waitFor()
    await page.keyboard.press('+')
    await until('a history of half the length', () => lengthOf(asked.at(-1)) === 150_000)
    const isShorter = () => lengthOf(asked.at(-1)) < 50_000
    await until('a history of what was dragged over', async () => {
      if (isShorter()) return true
      // Where the chart is drawn anew in the middle of it, a drag has lost its beginning: people drag again.
      const box = await page.locator('.plot').first().boundingBox()
      if (!box) return false
      await page.mouse.move(box.x + box.width * 0.4, box.y + 80)
      await page.mouse.down()
      await page.mouse.move(box.x + box.width * 0.6, box.y + 80, { steps: 5 })
      await page.mouse.up()
      await page.waitForTimeout(1_000)
      return isShorter()
    })
    const widest = (await page.locator('.charts').boundingBox())!.width
    assert.ok(
      asked.every((url) => Number(url.searchParams.get('points')) <= widest),
      'no more points than pixels',
    )
    await charts.focus()
    await page.keyboard.press('Home')
    await page.getByRole('button', { name: 'Follow live' }).waitFor({ state: 'detached' })
  })

  it('takes the acknowledgement, and writes down who gave it', async () => {
    await page.getByRole('button', { name: 'operator' }).click()
    await page.getByLabel('Your name').fill('Anna')
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: /^Alarms/ }).click()
    await page.getByRole('button', { name: /^Acknowledge/ }).click()
    await page.getByText('Alarm of line1/pump2 acknowledged.').waitFor()
    const row = page.locator('tbody tr', { hasText: 'acknowledged' })
    await row.waitFor()
    assert.match(await row.innerText(), /line1\/pump2[\s\S]*Anna/)
    await page.locator('.alarm .badge', { hasText: 'Acknowledged' }).waitFor()
  })

  it('shelves it for a time and a reason, and takes it off the shelf', async () => {
    await page.getByRole('button', { name: /^Shelve/ }).click()
    const dialog = page.getByRole('dialog', { name: 'Shelve the alarm of line1/pump2' })
    await dialog.waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: /^Shelve/ }).click()
    await dialog.getByLabel('For').selectOption('2h')
    await dialog.getByLabel('Reason').fill('bearing on order')
    assert.deepEqual(await violations(page), [])
    await dialog.getByRole('button', { name: 'Shelve' }).click()
    await page.getByRole('heading', { name: 'Shelved' }).waitFor()
    assert.match(await page.locator('.alarm').innerText(), /until .* · bearing on order/)
    await page.getByRole('button', { name: /^Take off the shelf/ }).click()
    await page.getByRole('heading', { name: 'Shelved' }).waitFor({ state: 'detached' })
  })

  it('takes the word that it was a false alarm', async () => {
    await page.getByRole('button', { name: /^False alarm/ }).click()
    await page.getByText('Noted as a false alarm').waitFor()
  })

  it('exports the history of alarms as CSV', async () => {
    const downloading = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Export as CSV' }).click()
    const download = await downloading
    assert.equal(download.suggestedFilename(), 'alarms-demo.csv')
    const lines = readFileSync(await download.path(), 'utf8')
      .trim()
      .split('\r\n')
    assert.match(lines[0], /^time,change,state,asset/)
    assert.ok(lines.length >= 5, lines.join('\n'))
  })

  it('shows the ledger, the certificate and the record of actions', async () => {
    await page.getByRole('link', { name: 'Connections' }).click()
    await page
      .getByRole('group', { name: 'Ledger, Sources' })
      .getByRole('row', { name: /^pumps/ })
      .waitFor()
    await until('the difference is 0', async () => (await page.locator('td.lost').count()) === 0)
    await page.getByText('Millwright simulated plant').waitFor()
    await page.getByRole('row', { name: /Anna acknowledged line1\/pump2/ }).waitFor()
  })

  it('shows the life of each model', async () => {
    await page.getByRole('link', { name: 'Models' }).click()
    const own = page.getByRole('region', { name: 'pump-health' })
    await own.locator('[aria-current=step]', { hasText: 'Active' }).waitFor()
    assert.match(await own.innerText(), /0001-/)
    await page.getByRole('button', { name: 'Retrain now conveyor-health' }).click()
    await page.getByText('conveyor-health is training anew.').waitFor()
  })

  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [1440, 390])
      it(`is usable by everyone and fits, ${colorScheme}, ${width} px`, async () => {
        const other = await open(browser, url, { colorScheme, viewport: { width, height: 844 } }, entry)
        for (const view of views) {
          await go(view, other.page)
          await other.page.locator('h1').waitFor()
          if (view.startsWith('asset')) await other.page.locator('mw-chart canvas').first().waitFor()
          assert.deepEqual(await violations(other.page), [], view)
          assert.equal(await overflow(other.page), 0, view)
        }
        assert.deepEqual(other.complaints, [])
        await other.close()
      })

  it('is reached by keyboard alone', async () => {
    await go('overview')
    await page.locator('.tile').first().waitFor()
    await page.reload()
    await page.locator('.tile').first().waitFor()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await until('the content is focused', async () => (await page.evaluate('document.activeElement.id')) === 'main')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await heading(/pump|conveyor/).waitFor()
  })

  it('complained about nothing and asked no other host', () => assert.deepEqual(watched.complaints, []))
})

/** Of the range that was asked for, ms. */
function lengthOf(url: URL | undefined): number {
  return url ? Math.round(Number(url.searchParams.get('to')) - Number(url.searchParams.get('from'))) : NaN
}

/** Of the last ten minutes those in which a machine was scored and all scores were within the threshold. */
async function calmSeconds(url: string, asset: string): Promise<number> {
  const to = Date.now()
  const range = new URLSearchParams({ asset, from: `${to - 600_000}`, to: `${to}`, points: '1000' })
  const { scores, step } = (await (await fetch(`${url}/api/history?${range.toString()}`)).json()) as History
  const [{ max, threshold }] = scores
  return (max.filter((score, i) => score !== null && score < (threshold[i] ?? 0)).length * step) / 1_000
}
