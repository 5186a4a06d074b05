import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'

/** The page's files that are served as they are. */
const asTheyAre = ['index.html', 'icon.svg']

/**
 * Bundles the page from its sources in `folder`: name and content of each file. Needs the development dependencies; the
 * package holds the outcome. `npm run build` calls this file with the source folder and where the outcome belongs.
 */
export async function bundlePage(folder: string): Promise<[string, Uint8Array][]> {
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    entryPoints: [join(folder, 'main.ts'), join(folder, 'style.css')],
    outdir: folder,
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: ['chrome111', 'firefox114', 'safari16.4'],
    legalComments: 'none',
    tsconfig: join(folder, 'tsconfig.json'),
    logLevel: 'silent',
  })
  const made = outputFiles.map(({ path, contents }): [string, Uint8Array] => [basename(path), contents])
  const copied = asTheyAre.map(async (name): Promise<[string, Uint8Array]> => [
    name,
    await readFile(join(folder, name)),
  ])
  return [...made, ...(await Promise.all(copied))]
}

const [script, source, target] = process.argv.slice(1)
if (basename(script) === 'bundle.js' && source && target) {
  await mkdir(target, { recursive: true })
  for (const [name, bytes] of await bundlePage(source)) await writeFile(join(target, name), bytes)
}
