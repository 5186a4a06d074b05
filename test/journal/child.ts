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

const codeOf = (error: unknown): string => (error instanceof JournalError ? error.code : String(error))

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

async function until(journal: Journal, wanted: 'stored' | 'refused'): Promise<void> {
  for (;;) {
    const offset = journal.stats('samples').next
    try {
      await journal.append('samples', [samples(offset, 500)])
      say(`ok ${offset}`)
      if (wanted === 'stored') return
    } catch (error) {
      if (wanted === 'refused') {
        say(`full ${codeOf(error)}`)
        return
      }
      await new Promise(setImmediate)
    }
  }
}

async function fill(journal: Journal): Promise<void> {
  await until(journal, 'refused')
  const { next, rows } = journal.stats('samples')
  const entries = journal.read('samples', 0)
  if (entries.length * 500 === rows && journal.rowsBefore('samples', next) === rows) say('still reads')
  process.stdin.resume()
  await until(journal, 'stored')
  say('stored again')
  await journal.close()
  say('closed')
}

async function fillAndTrim(journal: Journal): Promise<void> {
  await until(journal, 'refused')
  await journal.trim(Date.now())
  say('trimmed')
  await until(journal, 'stored')
  say('stored again')
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
  else if (what === 'fill-trim') await fillAndTrim(journal)
  else await journal.close()
} catch (error) {
  say(error instanceof JournalError ? `${error.code} ${error.message}` : String(error))
}
