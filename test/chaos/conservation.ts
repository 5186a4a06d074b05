import { join } from 'node:path'
import { loadConfig } from '../../config/index.ts'
import type { AlarmEvent, Journal, JournalRecord, Prediction } from '../../agent/core/index.ts'
import { journalConfig, openJournal } from '../../agent/journal/index.ts'
import { replayJournal } from '../../agent/replay/index.ts'
import { monitorModels, schema } from '../../agent/settings/index.ts'
import { silent } from '../support/units.ts'
import type { Span } from './report.ts'
import { plcTags, tags, valueAt, type Book } from './line.ts'
import type { Plant } from './plant.ts'

/** ms around a fault in which values and images may be lost that nobody keeps meanwhile: those of a PLC and of a camera. */
const margin = 5_000
/** ms of event time behind the oldest record of a trimmed journal from which on a replay knows all again. */
const warmUp = 30_000

/** Every value of a tag that InfluxDB has, by time in ms. */
type Stored = ReadonlyMap<number, number>

/** What is not in InfluxDB, or there and never sent: the first of each in words. */
export function differences(
  tag: string,
  book: Pick<Book, 'acknowledged' | 'sent' | 'timeOf'>,
  stored: Stored,
): string[] {
  // prettier-ignore
  const acknowledged = [...book.acknowledged[tag]]
  const missing = acknowledged.filter((n) => !stored.has(book.timeOf(n))).sort((a, b) => a - b)
  const sent = new Map(Array.from({ length: book.sent }, (_, n) => [book.timeOf(n), valueAt(tag, n)]))
  const invented = [...stored].filter(([time, value]) => sent.get(time) !== value)
  const told: string[] = []
  if (missing.length > 0)
    told.push(`${tag}: ${missing.length} of ${acknowledged.length} acknowledged values are missing, the first is number ${missing[0]} of ${iso(book.timeOf(missing[0]))}`) // prettier-ignore
  if (invented.length > 0)
    told.push(`${tag}: ${invented.length} values were never sent, the first is ${invented[0][1]} at ${iso(invented[0][0])}`) // prettier-ignore
  return told
}

/** What was acknowledged by the broker against what InfluxDB holds, and whether what it has of the PLC was ever written. */
export async function inDatabase({ database, line: { book } }: Plant, plcFaults: readonly Span[]): Promise<string[]> {
  const told: string[] = []
  for (const tag of tags) told.push(...differences(tag, book, await storedOf(database, tag)))
  for (const tag of plcTags) {
    const stored = await storedOf(database, tag)
    const written = book.written[tag]
    // The value that its node begins with is of the time when the server was started; after a loss the newest one holds again.
    const holdsAgain = (time: number, value: number) => isWithin(plcFaults, time) && [...written].some(([at, one]) => one === value && at < time) // prettier-ignore
    const invented = [...stored].filter(
      ([time, value]) => value !== -1 && written.get(time) !== value && !holdsAgain(time, value),
    )
    if (invented.length > 0) told.push(`${tag}: ${invented.length} values were never written, the first is ${invented[0][1]} at ${iso(invented[0][0])}`) // prettier-ignore
  }
  return told
}

/** Values of the PLC that did not come though nothing was amiss with it: nobody acknowledges them, so they are told only. */
export async function lostOnTheWay({ database, line: { book } }: Plant, plcFaults: readonly Span[]): Promise<string[]> {
  const told: string[] = []
  for (const tag of plcTags) {
    const stored = await storedOf(database, tag)
    const times = [...book.written[tag].keys()]
    const missing = times.filter((time) => !stored.has(time) && !isWithin(plcFaults, time))
    if (missing.length > 0) told.push(`${tag}: ${missing.length} of ${times.length} values did not come though nothing was amiss, from ${iso(missing[0])} to ${iso(missing.at(-1)!)}`) // prettier-ignore
  }
  return told
}

async function storedOf(database: Plant['database'], tag: string): Promise<Stored> {
  const asset = tag.slice(0, tag.lastIndexOf('/'))
  const query = `SELECT "value" FROM "sensor" WHERE "asset" = '${asset}' AND "tag" = '${tag.slice(asset.length + 1)}'`
  const [series] = await database.query(query, 'plant')
  return new Map(((series as typeof series | undefined)?.values ?? []).map(([time, value]) => [Number(time) / 1_000, Number(value)])) // prettier-ignore
}

/** Ledgers of the running agent that do not add up, or have lost something. */
export async function inLedgers({ agent }: Plant): Promise<string[]> {
  const { sources, sinks } = await agent.ledger()
  const all = [...sources, ...sinks]
  const open = [...sources.filter(({ inFlight }) => inFlight !== 0), ...sinks.filter(({ waiting }) => waiting !== 0)]
  return [
    ...all.flatMap(({ name, difference }) => (difference === 0 ? [] : [`the ledger of ${name} is off by ${difference}`])), // prettier-ignore
    ...open.map((one) => `${one.name} has not finished: ${JSON.stringify(one)}`),
  ]
}

/** The journal of an agent that has ended: dead letters, verdicts, alarms, and what a replay makes of it. */
export async function inJournal(
  { data, agent, line: { book } }: Plant,
  cameraFaults: readonly Span[],
): Promise<string[]> {
  const settings = journalConfig.parse({})
  const journal = await openJournal({ folder: join(data, 'journal'), settings, readOnly: true })
  try {
    const letters = journal.read('dead', 0).flatMap((entry) => (entry.kind === 'dead' ? [entry.letter] : []))
    const aside = new Set(letters.map(({ payload }) => Buffer.from(payload).toString()))
    const about = new Set(letters.map(({ subject }) => subject.split(' ')[0]))
    const live = conclusions(journal.read('results', 0))
    const unread = [...book.bad].filter((text) => !aside.has(text))
    const unjudged = [...book.parts].filter(
      ([part, time]) => !live.parts.has(part) && !about.has(`camera/${part}`) && !isWithin(cameraFaults, time),
    )
    return [
      ...(unread.length > 0 ? [`${unread.length} unreadable messages are in no dead letter, the first is ${unread[0]}`] : []), // prettier-ignore
      ...(unjudged.length > 0 ? [`${unjudged.length} of ${book.parts.size} parts have neither verdict nor dead letter, the first is ${unjudged[0][0]}`] : []), // prettier-ignore
      ...twice(live.alarms),
      ...againstReplay(journal, live, await replayed(journal, agent.file)),
    ]
  } finally {
    await journal.close()
  }
}

interface Conclusions {
  readonly predictions: readonly Prediction[]
  readonly alarms: readonly AlarmEvent[]
  readonly parts: ReadonlySet<string>
}

function conclusions(records: readonly JournalRecord[]): Conclusions {
  const events = records.flatMap((record) => (record.kind === 'event' ? [record.event] : []))
  return {
    predictions: records.flatMap((record) => (record.kind === 'predictions' ? record.predictions : [])),
    alarms: events.flatMap((event) => (event.type === 'alarm' ? [event] : [])),
    parts: new Set(events.flatMap((event) => (event.type === 'inspection' ? [event.part] : []))),
  }
}

async function replayed(journal: Journal, file: string): Promise<Conclusions> {
  const config = loadConfig(file, { schema, args: [] })
  const records: JournalRecord[] = []
  const results = (more: readonly JournalRecord[]) => void records.push(...more)
  await replayJournal({ config, journal, registry: monitorModels(config), log: silent, results })
  return conclusions(records)
}

/** Alarms that were raised or cleared more than once. */
export function twice(alarms: readonly Pick<AlarmEvent, 'id' | 'change'>[]): string[] {
  const seen = new Set<string>()
  return alarms.flatMap(({ id, change }) => {
    const key = `${id} ${change}`
    const again = (change === 'raised' || change === 'cleared') && seen.has(key)
    seen.add(key)
    return again ? [`alarm ${id} was ${change} twice`] : []
  })
}

/** Predictions and alarms that a replay of the journal has otherwise. A full disk may have taken the oldest records. */
function againstReplay(journal: Journal, live: Conclusions, again: Conclusions): string[] {
  const { first } = journal.stats('samples')
  const [oldest] = journal.read('samples', first, 64).flatMap((entry) => (entry.kind === 'samples' ? [...entry.batch.time] : [])) // prettier-ignore
  const from = first === 0 ? -Infinity : oldest + warmUp
  const of = ({ predictions, alarms }: Conclusions) => [
    ...predictions.filter(({ time }) => time > from).map((one) => [`prediction of ${one.monitor} on ${one.asset} at ${iso(one.time)}, revision ${one.revision}`, JSON.stringify(one)] as const), // prettier-ignore
    ...alarms.filter(({ raised }) => raised > from).map((one) => [`alarm ${one.id} ${one.change}`, JSON.stringify(one)] as const), // prettier-ignore
  ]
  return unlike(of(live), of(again))
}

/** The first conclusion that is twice, missing or other in one of two lists. */
export function unlike(
  live: readonly (readonly [string, string])[],
  again: readonly (readonly [string, string])[],
): string[] {
  // prettier-ignore
  const [one, other] = [new Map(live), new Map(again)]
  const double = one.size < live.length ? [`${live.length - one.size} conclusions stand twice in the journal`] : []
  const differing = [...new Set([...one.keys(), ...other.keys()])].filter((key) => one.get(key) !== other.get(key))
  if (differing.length === 0) return double
  const [key] = differing
  return [...double, `${differing.length} conclusions differ from a replay of the journal, the first is ${key}: live ${one.get(key) ?? 'none'}, replayed ${other.get(key) ?? 'none'}`] // prettier-ignore
}

function isWithin(faults: readonly Span[], time: number): boolean {
  return faults.some(({ from, to }) => time > from - margin && time < to + margin)
}

function iso(time: number): string {
  return new Date(time).toISOString()
}
