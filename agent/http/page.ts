import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isLocal, logIn } from './access.ts'
import type { AppParts } from './parts.ts'
import type { App } from './routes.ts'

/** Beside this file in the package; in a checkout there is the source, which is bundled when somebody first looks. */
const folder = fileURLToPath(new URL('../web', import.meta.url))

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

interface PageFile {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly type: string
  readonly tag: string
}

/** The page: a handful of files, in memory. Browsers ask each time, for a new agent brings a new page. */
export function addPage(app: App, { view, sessions, clock, entryKey }: AppParts): void {
  let files: Promise<ReadonlyMap<string, PageFile>> | undefined
  app.get('*', async (context, next) => {
    const name = context.req.path === '/' ? 'index.html' : context.req.path.slice(1)
    // A failure is not kept: the next request tries again.
    files ??= load().catch((error: unknown) => ((files = undefined), Promise.reject(error as Error)))
    const file = (await files).get(name)
    if (!file) return next()
    if (name === 'index.html' && view.demo && context.req.query('key') === entryKey && isLocal(context)) {
      logIn(context, sessions, clock, sessions.callers.shared)
      // Out of the address, which is shown, kept and shared.
      return context.redirect('/')
    }
    context.header('cache-control', 'no-cache')
    context.header('etag', file.tag)
    if (context.req.header('if-none-match') === file.tag) return context.body(null, 304)
    return context.body(file.bytes, 200, { 'content-type': file.type })
  })
}

async function load(): Promise<ReadonlyMap<string, PageFile>> {
  const contents = extname(import.meta.url) === '.ts' ? await bundled() : await built()
  return new Map(
    contents.map(([name, bytes]) => {
      const tag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 20)}"`
      return [name, { bytes: new Uint8Array(bytes), type: types[extname(name)], tag }]
    }),
  )
}

async function built(): Promise<[string, Uint8Array][]> {
  const names = (await readdir(folder)).filter((name) => extname(name) in types)
  return Promise.all(
    names.map(async (name): Promise<[string, Uint8Array]> => [name, await readFile(join(folder, name))]),
  )
}

async function bundled(): Promise<[string, Uint8Array][]> {
  const { bundlePage } = await import('./bundle.ts')
  return bundlePage(folder)
}
