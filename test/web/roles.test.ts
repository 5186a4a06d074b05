import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import type { Role } from '../../agent/core/index.ts'
import { addToken, type Listening, revokeToken } from '../../agent/http/index.ts'
import { alarm, setUp, state } from '../http/fake-agent.ts'
import { type Certificates, makeCertificates } from '../support/certificates.ts'
import { chromiumMissing, launch, open, violations } from './browser.ts'

describe('the page for each role', function () {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-page-roles-'))
  const pending = { connector: 'plc', thumbprint: 'a'.repeat(40), subject: 'CN=plc', validFrom: 1, validTo: 2e12, state: 'pending' } as const // prettier-ignore
  const raised = { id: alarm, asset: 'line1/pump2', monitor: 'pump-health', state: 'raised', raised: 1_764_000_000_000, score: 9, threshold: 3, contributions: {} } as const // prettier-ignore
  let made: Certificates | undefined
  let listening: Listening | undefined
  let browser: Browser | undefined

  before(async function () {
    if (chromiumMissing !== undefined) {
      process.stderr.write(`    ${chromiumMissing}\n`)
      return this.skip()
    }
    made = makeCertificates()
    const tls = { certificate: made.cert, key: made.key }
    const { agent, http } = setUp({ port: 0, folder, tls, clock: { now: () => Date.now() } })
    agent.current = { ...state, alarms: [raised] }
    agent.certificates = () => Promise.resolve([pending] as never)
    listening = await http.listen()
    browser = await launch()
  })
  after(async () => {
    await browser?.close()
    await listening?.close()
    rmSync(folder, { recursive: true, force: true })
    if (made) rmSync(made.folder, { recursive: true, force: true })
  })

  const enter = async (role: Role, name = `mei ${role}`) => {
    const watched = await open(browser!, listening!.url, { ignoreHTTPSErrors: true })
    const { page } = watched
    await page.getByRole('banner').getByRole('button', { name: 'Log in' }).click()
    const dialog = page.getByRole('dialog', { name: 'Log in' })
    await dialog.getByLabel('Token').fill(addToken(folder, { name, role }))
    await dialog.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('banner').getByText(`${name} · ${role}`).waitFor()
    return watched
  }

  const offered: [Role, Record<'acknowledge' | 'approve' | 'letters' | 'audit', boolean>][] = [
    ['viewer', { acknowledge: false, approve: false, letters: false, audit: false }],
    ['operator', { acknowledge: true, approve: false, letters: true, audit: false }],
    ['engineer', { acknowledge: true, approve: true, letters: true, audit: false }],
    ['admin', { acknowledge: true, approve: true, letters: true, audit: true }],
  ]
  for (const [role, wanted] of offered)
    it(`offers ${role} what it may do, over TLS`, async () => {
      const { page, complaints, close } = await enter(role)
      const shown = (what: string) => page.getByRole('button', { name: what }).count()
      await page.getByRole('link', { name: /^Alarms/ }).click()
      await page.getByRole('main').getByText('line1/pump2').first().waitFor()
      const acknowledge = (await shown('Acknowledge')) > 0
      assert.equal((await shown('Shelve')) > 0, wanted.acknowledge)
      await page.getByRole('link', { name: /^Connections/ }).click()
      await page.getByText('CN=plc').first().waitFor()
      const approve = (await shown('Approve')) > 0
      const letters = (await page.locator('#dead-title').count()) > 0
      const audit = (await page.locator('#audit-title').count()) > 0
      assert.deepEqual({ acknowledge, approve, letters, audit }, wanted)
      assert.deepEqual(await violations(page), [])
      assert.deepEqual(complaints, [])
      await close()
    })

  it('knows no log-in any more once its token is taken back', async () => {
    const { page, close } = await enter('operator', 'joe')
    revokeToken(folder, 'joe')
    await page.getByRole('link', { name: /^Alarms/ }).click()
    await page
      .getByRole('button', { name: /^Acknowledge/ })
      .first()
      .click()
    await page.getByRole('dialog', { name: 'Log in' }).getByLabel('Token').waitFor()
    await close()
  })
})
