import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Batch, Journal, JournalRecord, Prediction } from '../../agent/core/index.ts'
import { BatchBuilder, rowsOf } from '../../agent/core/index.ts'
import { ByteWriter } from '../../agent/journal/bytes.ts'
import { readRecord, seal, writeRecord } from '../../agent/journal/codec.ts'
import { journalConfig, openJournal } from '../../agent/journal/index.ts'

/** What a sample takes as float64 time and value, uint32 tag and a byte of quality. */
const plainBytes = 21

/** 100 tags at 10 Hz: pressures, temperatures, currents with their usual digits and noise, counters, switches. */
function plantBatch(start: number, length: number, form: (value: number) => number): Batch {
  const builder = new BatchBuilder('plant-mqtt', length)
  for (let i = 0; i < length; i++) {
    const tag = i % 100
    const step = start + Math.floor(i / 100)
    const slow = Math.sin(step / 300 + tag)
    const noise = Math.sin(step * 12.9898 + tag * 78.233) * 43758.5453
    const jitter = noise - Math.floor(noise) - 0.5
    const value =
      tag % 10 === 9
        ? Math.floor(step / 10) + tag
        : tag % 10 === 8
          ? Number(slow > 0)
          : form(40 + tag + 5 * slow + 0.3 * jitter)
    builder.add(tag, 1_763_900_000_000 + step * 100, value, 0)
  }
  return builder.take(1_763_900_000_040 + (start + length / 100) * 100)
}

const forms: readonly [string, (value: number) => number][] = [
  ['decimal, 2 digits', (value) => Math.round(value * 100) / 100],
  ['float32 of 2 digits', (value) => Math.fround(Math.round(value * 100) / 100)],
  ['float32, all bits', Math.fround],
  ['float64, all bits', (value) => value],
]

const predictions = Array.from({ length: 500 }, (_, i): Prediction => {
  const score = Math.abs(Math.sin(i * 7.1)) * 9
  return {
    time: 1_763_900_000_000 + Math.floor(i / 50) * 10_000,
    asset: `line${i % 5}/pump${i % 50}`,
    monitor: 'pump-health',
    kind: 'anomaly',
    score,
    threshold: 7.25,
    state: score > 7.25 ? 'anomaly' : 'normal',
    coverage: 1,
    revision: 1,
    model: '2026-01-01T00-00-00',
    contributions: { vibration: score * 0.6, temperature: score * 0.3, flow: score * 0.1 },
  }
})

/** Nanoseconds of CPU for one turn of `work`: wall time would count what other processes take. */
function time(rounds: number, work: (round: number) => void): number {
  for (let i = 0; i < Math.min(rounds, 300); i++) work(i)
  const start = process.cpuUsage()
  for (let i = 0; i < rounds; i++) work(i)
  const { user, system } = process.cpuUsage(start)
  return ((user + system) * 1000) / rounds
}

function codec(name: string, records: readonly JournalRecord[], rounds: number): void {
  const writer = new ByteWriter()
  const rows = rowsOf(records[0])
  const encode = (record: JournalRecord): Uint8Array => {
    writer.length = 0
    writeRecord(writer, record, 0)
    const bytes = writer.bytes.subarray(0, writer.length)
    seal(bytes, 0)
    return bytes
  }
  const stored = records.map((record) => encode(record).slice())
  const bytes = stored.reduce((sum, each) => sum + each.length, 0) / (rows * records.length)
  const encoding = time(rounds, (i) => encode(records[i % records.length])) / rows
  const decoding = time(rounds, (i) => readRecord(stored[i % stored.length])) / rows
  const ratio = records[0].kind === 'samples' ? `${(bytes / plainBytes).toFixed(3)} of plain arrays` : ''
  console.log(
    `  ${name.padEnd(44)} ${bytes.toFixed(2).padStart(7)} bytes  encode ${encoding.toFixed(0).padStart(5)} ns  decode ${decoding.toFixed(0).padStart(5)} ns a row  ${ratio}`,
  )
}

/** Plain typed arrays copied into one buffer: what any store has to do at least. */
function plainCopy(batch: Batch, rounds: number): void {
  const target = new Uint8Array(batch.length * plainBytes)
  const columns = [batch.time, batch.value, batch.tag, batch.quality].map(
    (column) => new Uint8Array(column.buffer, column.byteOffset, column.byteLength),
  )
  const each = time(rounds, () => {
    let at = 0
    for (const column of columns) {
      target.set(column, at)
      at += column.length
    }
  })
  console.log(
    `  ${'plain typed arrays'.padEnd(44)} ${plainBytes.toFixed(2).padStart(7)} bytes  copy   ${(each / batch.length).toFixed(0).padStart(5)} ns`,
  )
}

async function appends(size: number, seconds: number, inFlight: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'journal-bench-'))
  const journal = await openJournal({ folder, settings: journalConfig.parse({}) })
  const [, form] = forms[0]
  const batches = Array.from({ length: 50 }, (_, i) => plantBatch((i * size) / 100, size, form))
  const start = performance.now()
  const cpu = process.cpuUsage()
  let count = 0
  const worker = async (): Promise<void> => {
    while (performance.now() - start < seconds * 1000) {
      await journal.append('samples', [{ kind: 'samples', batch: batches[count++ % batches.length] }])
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  const elapsed = (performance.now() - start) / 1000
  const used = process.cpuUsage(cpu)
  const { bytes } = journal.stats('samples')
  const file = (await stat(join(folder, 'data.mdb'))).size
  await journal.close()
  await rm(folder, { recursive: true })
  console.log(
    `  ${`${size} samples each, ${inFlight} in flight`.padEnd(44)} ${(count / elapsed).toFixed(0).padStart(7)} appends/s  ${((count * size) / elapsed / 1e6).toFixed(2)} M samples/s  ` +
      `${((used.user + used.system) / count).toFixed(1)} µs CPU an append  ${(bytes / count / size).toFixed(2)} bytes a sample counted, ${(file / count / size).toFixed(2)} in the file`,
  )
}

async function readBack(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'journal-bench-'))
  const settings = journalConfig.parse({})
  let journal: Journal = await openJournal({ folder, settings })
  const batches = Array.from({ length: 2000 }, (_, i) => plantBatch(i * 10, 1000, forms[0][1]))
  for (let i = 0; i < batches.length; i += 100) {
    await journal.append(
      'samples',
      batches.slice(i, i + 100).map((batch) => ({ kind: 'samples', batch })),
    )
  }
  await journal.close()
  journal = await openJournal({ folder, settings })
  const start = performance.now()
  let rows = 0
  for (let offset = 0; offset < batches.length; offset += 100)
    for (const entry of journal.read('samples', offset, 100)) rows += rowsOf(entry)
  const elapsed = performance.now() - start
  await journal.close()
  await rm(folder, { recursive: true })
  console.log(
    `  ${'read from disk and decoded'.padEnd(44)} ${(rows / elapsed / 1000).toFixed(1).padStart(7)} M samples/s`,
  )
}

/** Bytes and time of the journal's encoding, and its appends a second. `--seconds` a run of appends (1). */
export async function run(args: { readonly seconds?: string }): Promise<void> {
  const seconds = Number(args.seconds ?? 1)
  console.log('journal: encoding of plant data, 100 tags at 10 Hz')
  plainCopy(plantBatch(0, 1000, forms[0][1]), 20_000)
  for (const size of [1000, 100, 20, 1]) {
    for (const [name, form] of size === 1000 ? forms : forms.slice(0, 1)) {
      const records = Array.from({ length: 50 }, (_, i): JournalRecord => ({
        kind: 'samples',
        batch: plantBatch((i * size) / 100, size, form),
      }))
      codec(`${size} samples, ${name}`, records, Math.ceil(2e6 / (size + 20)))
    }
  }
  codec('500 predictions', [{ kind: 'predictions', predictions, origin: 1 }], 500)
  codec('1 prediction', [{ kind: 'predictions', predictions: predictions.slice(0, 1), origin: 1 }], 20_000)
  console.log('journal: durable appends to lmdb')
  await appends(20, seconds, 1)
  await appends(20, seconds, 20)
  await appends(100, seconds, 200)
  await appends(1000, seconds, 20)
  await readBack()
}
