import { HistoryData, HistoryReadRequest, ReadRawModifiedDetails } from 'node-opcua-client'
import type { DataValue, HistoryReadResult, NodeId } from 'node-opcua-client'
import type { Connection } from './client.ts'
import { isAnswer, isTooLarge } from './faults.ts'
import type { Item } from './items.ts'
import type { Span } from './spans.ts'
import { TimePicker } from './times.ts'
import { isSameValue } from './values.ts'

/** What of an item's history is wanted; ms since epoch on the server's clock. */
export interface Wanted extends Span {
  readonly item: Item
  /** The value at `from`, which a whole history has; absent where `from` is a time by the clock. */
  readonly known?: { readonly value: unknown }
}

/** A continuation point that is not gone on from. */
interface Spare {
  readonly nodeId: NodeId
  readonly continuationPoint: Buffer
}

/** Hands on a value of the past; `time`: its own. */
type Take = (item: Item, value: DataValue, time: number) => void

/** Items whose histories begin within this time are asked for together, ms. */
const together = 60_000
/** Pieces without a value that a server may send in a row. */
const mostEmpty = 3

/** The reading of one item's history. */
interface Reading {
  readonly wanted: Wanted
  readonly nodeId: NodeId
  /** Time and value of the newest so far; a piece that is asked for from there on begins with it. */
  newest: number
  value: unknown
  /** Oldest value after `from`; NaN before there is one. */
  first: number
  /** The history has a value at `from` or before. */
  reaches: boolean
  empty: number
  failed: boolean
  continuationPoint: Buffer | undefined
}

/** Reads raw history, however many pieces it comes in. Resolves with what is missing of it, by item. */
export async function readHistory(connection: Connection, wanted: readonly Wanted[], take: Take): Promise<Span[]> {
  const holes: Span[] = []
  const picker = new TimePicker()
  const queue = [...wanted].sort((a, b) => a.from - b.from).map(begin)
  while (queue.length > 0) {
    const group = takeGroup(queue, connection.limits.historyRead)
    const results = await ask(connection, group)
    if (results === 'smaller') {
      queue.unshift(...group)
      continue
    }
    const spare: Spare[] = []
    group.forEach((reading, i) => {
      const result = results?.[i]
      if (result) receive(reading, result, picker, take, spare)
      if (!result || isDone(reading, result)) holes.push(...holeOf(reading))
      else queue.unshift(reading)
    })
    await release(connection, spare)
  }
  return holes
}

function begin(wanted: Wanted): Reading {
  const nodeId = wanted.item.nodeId!
  const { from: newest, known } = wanted
  const start = {
    newest,
    value: known?.value,
    first: NaN,
    reaches: false,
    empty: 0,
    failed: false,
    continuationPoint: undefined,
  }
  return { wanted, nodeId, ...start }
}

/** The next readings that one request can hold: all go on, or all begin at about the same time. */
function takeGroup(queue: Reading[], most: number): Reading[] {
  const [{ continuationPoint, newest }] = queue
  let length = 1
  while (length < Math.min(most, queue.length)) {
    const other = queue[length]
    if ((other.continuationPoint === undefined) !== (continuationPoint === undefined)) break
    if (Math.abs(other.newest - newest) > together && !continuationPoint) break
    length++
  }
  return queue.splice(0, length)
}

async function ask(
  { session, limits }: Connection,
  group: readonly Reading[],
): Promise<readonly HistoryReadResult[] | 'smaller' | undefined> {
  const nodes = group.map(({ nodeId, continuationPoint }) => ({ nodeId, continuationPoint }))
  // Times of the protocol end at 100 ns, those of the library at a millisecond.
  const from = new Date(Math.floor(Math.min(...group.map(({ newest }) => newest))))
  const to = new Date(Math.ceil(Math.max(...group.map(({ wanted }) => wanted.to))) + 1)
  try {
    return await session.readHistoryValue(nodes, from, to, { returnBounds: false })
  } catch (error) {
    if (!isTooLarge(error) || group.length === 1) return undefined
    limits.historyRead = Math.ceil(group.length / 2)
    return 'smaller'
  }
}

/** Tells the server that it need not go on from there. */
async function release({ session }: Connection, nodesToRead: Spare[]): Promise<void> {
  if (nodesToRead.length === 0) return
  const historyReadDetails = new ReadRawModifiedDetails({ isReadModified: false })
  const request = new HistoryReadRequest({ historyReadDetails, releaseContinuationPoints: true, nodesToRead })
  await session.historyRead(request).catch((error: unknown) => {
    if (!isAnswer(error)) throw error
  })
}

/** `spare`: continuation points that are not gone on from. */
function receive(reading: Reading, result: HistoryReadResult, picker: TimePicker, take: Take, spare: Spare[]): void {
  const { item, from, to } = reading.wanted
  const { historyData, statusCode } = result
  const before = reading.newest
  let count = 0
  // Several values may have the same time: those after the newest are new, where it is in the piece.
  let isPast = reading.continuationPoint !== undefined || (before === from && !reading.wanted.known)
  const values = historyData instanceof HistoryData ? (historyData.dataValues ?? []) : []
  for (const value of values) {
    const time = picker.pick(value, to)
    if (time <= from) reading.reaches = true
    if (time > to || time < reading.newest) continue
    const held = value.value.value as unknown
    if (!isPast && time === before) {
      isPast = isSameValue(held, reading.value)
      continue
    }
    isPast = true
    count++
    if (Number.isNaN(reading.first)) reading.first = time
    reading.newest = time
    reading.value = held
    take(item, value, time)
  }
  reading.failed ||= statusCode.isBad()
  reading.empty = count > 0 ? 0 : reading.empty + 1
  const continuationPoint = (result.continuationPoint as Buffer | null)?.length ? result.continuationPoint : undefined
  // Some servers leave a value out between two pieces: those that are asked for by time overlap, where time goes on.
  const isSpare = continuationPoint !== undefined && reading.newest > before
  if (isSpare) spare.push({ nodeId: reading.nodeId, continuationPoint })
  reading.continuationPoint = isSpare ? undefined : continuationPoint
}

/** Some servers end a piece and say nothing of more: asked on from the newest value until nothing comes. */
function isDone({ continuationPoint, empty, failed, newest, wanted }: Reading, { statusCode }: HistoryReadResult) {
  if (failed) return true
  if (continuationPoint) return empty >= mostEmpty
  return empty > 0 || newest >= wanted.to || statusCode.name === 'GoodNoData'
}

/** From the last value before to the first after it. */
function holeOf({ wanted, newest, first, reaches, failed, continuationPoint }: Reading): Span[] {
  const { from, to, known } = wanted
  if (Number.isNaN(first)) return [{ from, to }]
  const holes = known !== undefined && !reaches ? [{ from, to: first }] : []
  if (newest < to && (failed || continuationPoint)) holes.push({ from: newest, to })
  return holes
}
