import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TagTable } from '../../agent/core/index.ts'
import { csv, readCsv } from '../../connectors/csv/index.ts'

/** Values per second out of CSV files, against a bare split of the same bytes, and the memory that it takes. */
export async function run(args: { readonly mb?: string } = {}): Promise<void> {
  const bytes = Number(args.mb ?? 50) * 1e6
  const folder = await mkdtemp(join(tmpdir(), 'millwright-bench-csv-'))
  try {
    for (const [what, columns, quoted] of [
      ['10 columns', 10, false],
      ['10 columns, every cell in quotes', 10, true],
      ['a column', 1, false],
      ['3,000 columns', 3000, false],
    ] as const) {
      const path = join(folder, `${columns}-${quoted}.csv`)
      await write(path, columns, bytes, quoted)
      await measure(what, path)
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function measure(what: string, path: string): Promise<void> {
  const least = performance.now()
  await split(path)
  const bare = (performance.now() - least) / 1000
  const started = performance.now()
  let values = 0
  let peak = 0
  for await (const { batch } of readCsv(csv.config.parse({ read: path }), new TagTable())) {
    values += batch.length
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  const seconds = (performance.now() - started) / 1000
  const rate = (values / seconds / 1e6).toFixed(2)
  console.log(
    `${what.padEnd(36)} ${rate.padStart(6)} M values/s   x${(seconds / bare).toFixed(1).padStart(4)} of a bare split (${(values / bare / 1e6).toFixed(1)} M/s)   ${(peak / 1e6).toFixed(0)} MB`,
  )
}

/** The least that any reader does: lines and cells as texts. */
async function split(path: string): Promise<void> {
  let rest = ''
  let cells = 0
  for await (const chunk of createReadStream(path, { encoding: 'latin1', highWaterMark: 262_144 })) {
    const lines = (rest + (chunk as string)).split('\n')
    rest = lines.pop()!
    for (const line of lines) cells += line.split(',').length
  }
  if (cells === 0) throw new Error('nothing was split')
}

async function write(path: string, columns: number, bytes: number, quoted: boolean): Promise<void> {
  const out = createWriteStream(path)
  const row = (cells: readonly string[]) => `${quoted ? cells.map((cell) => `"${cell}"`).join(',') : cells.join(',')}\n`
  out.write(row(['timestamp', ...Array.from({ length: columns }, (_, at) => `s${at}`)]))
  for (let size = 0, at = 0; size < bytes; at++) {
    const time = new Date(Date.UTC(2024, 2, 5) + at * 100).toISOString()
    const line = row([time, ...Array.from({ length: columns }, (_, c) => (20 + ((at * 7 + c * 13) % 1000) / 100).toFixed(2))]) // prettier-ignore
    size += line.length
    if (!out.write(line)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'finish')
}
