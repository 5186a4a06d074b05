import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { addToken, type Listening } from '../../agent/http/index.ts'
import type { ActionsView, DecisionView } from '../../agent/view/index.ts'
import { setUp, state } from '../http/fake-agent.ts'
import { type Certificates, makeCertificates } from '../support/certificates.ts'
import { until } from '../support/until.ts'
import { chromiumMissing, launch, open, overflow, violations } from './browser.ts'

const decision = (more: Partial<DecisionView>): DecisionView => ({
  ...{ id: 'slow/line1/pump2/2026-01-05T08:00:00.000Z', action: 'slow', asset: 'line1/pump2', purpose: 'do', step: 'proposed' },
  ...{ decided: 1_764_000_000_000, expires: 1_764_000_900_000, value: 1040, target: 'press-plc ns=2;s=line1/pump2.SpeedSet' },
  ...{ why: [{ what: 'signal("speed")', value: 1300 }], detail: '' },
  ...more,
}) // prettier-ignore
const ledger = { proposed: 4, open: 1, approved: 1, refused: 0, expired: 1, blocked: { interlock: 1 }, rehearsed: 0, confirmed: 1, failed: 0, unknown: 0 } // prettier-ignore
const view: ActionsView = {
  stopped: null,
  actions: [
    { name: 'slow', mode: 'propose', assets: 'pump', when: 'signal("speed") > 1200 && prediction("pump-health").state == "anomaly"', does: 'write ns=2;s={asset}.SpeedSet at press-plc: signal("speed") * 0.8', approval: 'operator', stands: [{ asset: 'line1/pump1', phase: 'idle', holds: null, why: 'speed is 2 min old, more than 1 min', inEffect: null }], ledger }, // prettier-ignore
    { name: 'cool', mode: 'armed', assets: '', when: 'signal("hall") > 30', does: 'publish fan/on at broker', approval: 'operator', stands: [], ledger: null }, // prettier-ignore
  ],
  open: [decision({})],
  ended: [decision({ id: 'a', step: 'confirmed', by: 'mei', previous: 1300 }), decision({ id: 'b', step: 'blocked', guard: 'interlock', detail: 'signal("mode") == "auto" is false' })], // prettier-ignore
}

describe('the view of actions', function () {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-page-actions-'))
  let made: Certificates | undefined
  let listening: Listening | undefined
  let browser: Browser | undefined
  let entered = 0
  let fake: ReturnType<typeof setUp>['agent']

  before(async function () {
    if (chromiumMissing !== undefined) {
      process.stderr.write(`    ${chromiumMissing}\n`)
      return this.skip()
    }
    made = makeCertificates()
    const tls = { certificate: made.cert, key: made.key }
    const { agent, http } = setUp({ port: 0, folder, tls, clock: { now: () => Date.now() } })
    fake = agent
    listening = await http.listen()
    browser = await launch()
  })
  beforeEach(() => {
    fake.current = { ...state, actions: { proposals: 1, stopped: false, revision: 'a' } }
    fake.actionsNow = view
    fake.calls.length = 0
  })
  after(async () => {
    await browser?.close()
    await listening?.close()
    rmSync(folder, { recursive: true, force: true })
    if (made) rmSync(made.folder, { recursive: true, force: true })
  })

  const enter = async (role: 'viewer' | 'operator', width = 1440) => {
    const name = `mei-${role}-${++entered}`
    const watched = await open(browser!, listening!.url, { ignoreHTTPSErrors: true, viewport: { width, height: 900 } })
    const { page } = watched
    await page.getByRole('banner').getByRole('button', { name: 'Log in' }).click()
    const dialog = page.getByRole('dialog', { name: 'Log in' })
    await dialog.getByLabel('Token').fill(addToken(folder, { name, role }))
    await dialog.getByRole('button', { name: 'Log in' }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('link', { name: /^Actions/ }).click()
    await page.getByRole('heading', { name: 'Actions', level: 1 }).waitFor()
    await page.getByText('line1/pump2').first().waitFor()
    return { ...watched, name }
  }

  for (const width of [1440, 390])
    it(`shows proposals first, with targets for fingers, at ${width} px`, async () => {
      const { page, complaints, close } = await enter('operator', width)
      const headings = await page.getByRole('main').getByRole('heading', { level: 2 }).allTextContents()
      assert.equal(headings[0], 'Proposed: waits for you')
      for (const name of [/^Approve/, /^Refuse/, /^Stop all/]) {
        const box = (await page.getByRole('button', { name }).boundingBox())!
        assert.ok(box.height >= 56 && box.width >= 80, `${name} is ${box.width} by ${box.height}`)
      }
      await page.getByText('Armed').first().waitFor()
      await page.getByText('undecided, speed is 2 min old').waitFor()
      await page.getByText('Held back (interlock)').waitFor()
      assert.deepEqual(await violations(page), [])
      assert.ok((await overflow(page)) <= 0)
      assert.deepEqual(complaints, [])
      if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `actions-${width}.png`), fullPage: true }) // prettier-ignore
      await close()
    })

  it('approves, and stops all', async () => {
    const { page, name, close } = await enter('operator')
    await page.getByRole('button', { name: /^Approve/ }).click()
    await page.getByText('Approved for line1/pump2.').waitFor()
    await page.getByRole('button', { name: /^Stop all/ }).click()
    await until('it is stopped', () => fake.calls.some(([what]) => what === 'stop'))
    assert.deepEqual(fake.calls.filter(([what]) => what === 'approve' || what === 'stop'), [['approve', decision({}).id, name, 'operator'], ['stop', name]]) // prettier-ignore
    fake.actionsNow = { ...view, stopped: { by: 'mei', time: 1_764_000_000_000, reason: 'maintenance' } }
    fake.current = { ...fake.current, actions: { proposals: 1, stopped: true, revision: 'b' } }
    fake.changes.next(undefined)
    await page.getByText(/All actions are stopped, by mei .* maintenance/).waitFor()
    await page.getByRole('button', { name: 'Let actions act again' }).waitFor()
    assert.deepEqual(await violations(page), [])
    await close()
  })

  it('offers a viewer nothing to order', async () => {
    const { page, close } = await enter('viewer')
    assert.equal(await page.getByRole('main').getByRole('button').count(), 0)
    await close()
  })
})
