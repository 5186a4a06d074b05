import { once } from 'node:events'
import { writeSync } from 'node:fs'
import type { Journal, JournalRecord } from '../../agent/core/index.ts'
import { BatchBuilder, JournalError } from '../../agent/core/index.ts'
import { journalConfig, openJournal } from '../../agent/journal/index.ts'

/** A process beside the tests: `child.ts <what> <folder>`. Says what it does on stdout, at once. */
const [what, folder] = process.argv.slice(2)
const say = (text: string): void => void writeSync(1, `${text}\n`)

/** Rows that do not compress; the first value is the offset they should get. */
function samples(offset: number, length: number, arrival = 1.7e12): JournalRecord {
  const builder = new BatchBuilder('plc', length)
  for (let i = 0; i < length; i++) builder.add(i % 10, 1.7e12 + i, i === 0 ? offset : Math.sin(offset * 1000 + i), 0)
  return { kind: 'samples', batch: builder.take(arrival) }
}

async function write(journal: Journal): Promise<void> {
  journal.tags.resolve({ name: 'line1/pump1/vibration', type: 'number' })
  for (let offset = journal.stats('samples').next; ;) {
    await journal.append('samples', [samples(offset++, 50)])
    if (offset === 10) say('writing')
  }
}

/** Appends of one to three records in flight all the time; says the offset of each once it is acknowledged. */
async function crash(journal: Journal): Promise<void> {
  let next = journal.stats('samples').next
  const worker = async (): Promise<void> => {
    for (;;) {
      const count = 1 + (next % 3)
      const records = Array.from({ length: count }, (_, i) => samples(next + i, 5 + ((next + i) % 60)))
      next += count
      const first = await journal.append('samples', records)
      say(`ok ${first} ${count}`)
      if (first % 5 === 0) await journal.commit('reader', { offset: first })
    }
  }
  say('writing')
  await Promise.all(Array.from({ length: 8 }, worker))
}

/** Appends until records had to be given up to make room, and as many again; then until all have room once more. */
async function fill(journal: Journal): Promise<void> {
  const stream = () => journal.stats('samples')
  for (let more = Infinity; more-- > 0;) {
    const offset = stream().next
    await journal.append('samples', [samples(offset, 500)])
    say(`ok ${offset}`)
    if (more === Infinity && stream().rowsTrimmed > 0) {
      say('gave up')
      more = 500
    }
  }
  const { next, rows, rowsTrimmed } = stream()
  const entries = journal.read('samples', 0)
  if (entries.length * 500 === rows - rowsTrimmed && journal.rowsBefore('samples', next) === rows) say('still reads')
  await journal.close()
  say('closed')
}

/** Appends more than there is room for at once, and waits for it. */
async function hold(journal: Journal): Promise<void> {
  const appends = Array.from({ length: 2_000 }, (_, i) => journal.append('samples', [samples(i, 500)]))
  while (!journal.holding) await new Promise((resolve) => setTimeout(resolve, 10))
  say(`holds ${journal.read('samples', 0).length}`)
  await Promise.all(appends)
  say('stored')
  await journal.close()
}

try {
  // Its start takes longer than its life: it is started early and waits for its turn.
  if (what === 'crash') await once(process.stdin, 'data')
  const journal = await openJournal({ folder, settings: journalConfig.parse({}) })
  say('opened')
  if (what === 'hold') setInterval(() => undefined, 1000)
  else if (what === 'write') await write(journal)
  else if (what === 'crash') await crash(journal)
  else if (what === 'fill') await fill(journal)
  else if (what === 'full') await hold(journal)
  else await journal.close()
} catch (error) {
  say(error instanceof JournalError ? `${error.code} ${error.message}` : String(error))
}
