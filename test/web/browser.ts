import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'

const executablePath = '/usr/bin/chromium'
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Why tests in a browser cannot run here; undefined where they can. */
export const chromiumMissing = existsSync(executablePath)
  ? undefined
  : `${executablePath} is not installed (Debian: chromium)`

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath, args })
}

/** A page that keeps what should not be: messages in the console, requests to other hosts. */
export interface Watched {
  readonly page: Page
  readonly complaints: string[]
  close(): Promise<void>
}

/** Opens a page of the agent at `url`, 1440 px wide where nothing else is said; by its `entry`, where that logs in. */
export async function open(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  entry = `${url}/`,
): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
  context.setDefaultTimeout(180_000)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (!request.url().startsWith(`${url}/`)) complaints.push(`asked for ${request.url()}`)
  })
  await page.goto(entry)
  return { page, complaints, close: () => context.close() }
}

/** What axe-core finds wrong with the page as it is on the screen, in words. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<AxeResults> } }
    const { violations } = await axe.run()
    return violations.flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${id}: ${help}: ${html.slice(0, 200)}`))
  })
}

interface AxeResults {
  readonly violations: { readonly id: string; readonly help: string; readonly nodes: { readonly html: string }[] }[]
}

/** Pixels by which the page is wider than the window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - innerWidth')
}
