import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** What starts a process: `module` without its ending, which is `.js` in the package and `.ts` in a checkout. */
export function processModule(module: URL): { filename: string; execArgv: string[] } {
  const source = import.meta.url.endsWith('.ts')
  return {
    filename: `${fileURLToPath(module)}.${source ? 'ts' : 'js'}`,
    execArgv: source ? ['--import', typeScriptLoader()] : [],
  }
}

/**
 * The loader that runs TypeScript from its source, in development and tests, whatever this process itself was started with.
 * Resolved as CommonJS, because the tests' loader has no `import.meta.resolve`.
 */
function typeScriptLoader(): string {
  const path = createRequire(import.meta.url)
    .resolve('tsx/esm/api')
    .replace(/\.cjs$/, '.mjs')
  const code = `import { register } from ${JSON.stringify(pathToFileURL(path).href)}; register()`
  return `data:text/javascript,${encodeURIComponent(code)}`
}
