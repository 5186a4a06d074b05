import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { writtenIn } from '../../agent/process/index.ts'

describe('where a line of a bundle was written', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-bundle-'))
  after(() => rmSync(folder, { recursive: true }))

  it('is the file it was made from', async () => {
    writeFileSync(join(folder, 'inner.js'), 'export const fall = () => { throw new Error("fell") }')
    writeFileSync(join(folder, 'main.js'), 'import { fall } from "./inner.js"\nexport const run = () => fall()')
    const outfile = join(folder, 'bundle', 'main.js')
    await build({ entryPoints: [join(folder, 'main.js')], outfile, bundle: true, format: 'esm', sourcemap: true })
    const { run } = (await import(pathToFileURL(outfile).href)) as { run: () => never }
    const places = stackOf(run).flatMap((row) => {
      const [, line, column] = /bundle\/main\.js:(\d+):(\d+)/.exec(row) ?? []
      return line ? [writtenIn(outfile, Number(line), Number(column))] : []
    })
    assert.deepEqual(places, [join(folder, 'inner.js'), join(folder, 'main.js')])
  })

  it('is the file itself where there is no map', () =>
    assert.equal(writtenIn(join(folder, 'main.js'), 1, 1), join(folder, 'main.js')))
})

function stackOf(run: () => never): string[] {
  try {
    run()
  } catch (error) {
    return (error as Error).stack!.split('\n')
  }
}
