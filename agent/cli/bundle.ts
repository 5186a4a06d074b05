import { readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { packageRoot } from '../process/index.ts'

/*
 * `npm run build` calls this after the compiler: makes few files of the command line's many, since Node takes longer to find
 * and link hundreds of modules than to run them. What each file says of its own place stays true, so that processes, workers
 * and the page's files are found where the compiler put them.
 */
const built = join(packageRoot, 'dist')
const target = join(built, 'bundle')

const { build } = await import('esbuild')
await build({
  entryPoints: [join(built, 'agent', 'cli', 'main.js')],
  outdir: target,
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  // Where an error came from is told by the file of the agent, not by the one that it went into.
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
  plugins: [
    {
      name: 'agent',
      setup(bundler) {
        // Packages that consist of many modules go in; the others are loaded as they are, native ones among them.
        const inside = /^(zod|hono|@hono\/node-server|rxjs|croner)(\/|$)/
        bundler.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
          kind === 'entry-point' || path.startsWith('/') || inside.test(path) ? undefined : { path, external: true },
        )
        bundler.onLoad({ filter: /\.js$/ }, async ({ path }) => {
          if (!path.startsWith(built)) return undefined
          const place = relative(target, path).split(sep).join('/')
          const text = await readFile(path, 'utf8')
          return {
            contents: text.replaceAll('import.meta.url', `new URL(${JSON.stringify(place)}, import.meta.url).href`),
          }
        })
      },
    },
  ],
})
