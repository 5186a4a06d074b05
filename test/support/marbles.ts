import assert from 'node:assert/strict'
import { Subject } from 'rxjs'
import {
  BatchBuilder,
  Quality,
  TagTable,
  silentMetrics,
  type Batch,
  type Keeper,
  type Metrics,
  type Operator,
  type OperatorContext,
  type OperatorDefinition,
  type TagDefinition,
} from '../../agent/core/index.ts'

/** One sample, to compare; text as text. */
export interface Row {
  readonly tag: number
  readonly time: number
  readonly value: number | string | bigint
  readonly quality: number
}

/** The rows of batches, in order, as objects that do not depend on the batches' borders. */
export function rowsOf(batches: readonly Batch[], tags: TagTable): Row[] {
  return batches.flatMap((batch) =>
    Array.from({ length: batch.length }, (_, row) => ({
      tag: batch.tag[row],
      time: batch.time[row],
      value: valueOf(batch, row, tags),
      quality: batch.quality[row],
    })),
  )
}

function valueOf(batch: Batch, row: number, tags: TagTable): number | string | bigint {
  const value = batch.value[row]
  if (tags.at(batch.tag[row]).type === 'text') return batch.texts?.[value] ?? value
  return batch.exact && batch.exact[row] !== 0n ? batch.exact[row] : value
}

/** A batch of rows, as a source would build it. */
export function batchOf(rows: readonly Row[], arrival = 0): Batch {
  const builder = new BatchBuilder('test')
  for (const { tag, time, value, quality } of rows) {
    if (typeof value === 'string') builder.addText(tag, time, value, quality as Quality)
    else if (typeof value === 'bigint') builder.addInteger(tag, time, value, quality as Quality)
    else builder.add(tag, time, value, quality as Quality)
  }
  return builder.take(arrival)
}

/** Keeps the state of operators between two runs, by way of `structuredClone`, as a checkpoint would. */
export class TestKeeper implements Keeper {
  readonly #saved: ReadonlyMap<string, unknown>
  readonly #states = new Map<string, () => unknown>()

  constructor(saved: ReadonlyMap<string, unknown> = new Map()) {
    this.#saved = saved
  }

  keep<Saved>(key: string, state: { save(): Saved; load(saved: Saved): void }): void {
    assert.ok(!this.#states.has(key), `${key} is kept twice`)
    this.#states.set(key, () => state.save())
    if (this.#saved.has(key)) state.load(this.#saved.get(key) as Saved)
  }

  save(): Map<string, unknown> {
    return new Map([...this.#states].map(([key, save]) => [key, structuredClone(save())]))
  }
}

/** Counts changes by name of the change. */
export class TestMetrics implements Metrics {
  readonly changes: Record<string, number> = {}
  readonly gauge = silentMetrics.gauge
  readonly observe = silentMetrics.observe

  count(_metric: string, amount: number, labels: Readonly<Record<string, string>> = {}): void {
    this.changes[labels.change] = (this.changes[labels.change] ?? 0) + amount
  }
}

export interface Fixture {
  readonly tags?: TagTable
  readonly keeper?: Keeper
  readonly metrics?: Metrics
}

/** An operator made from settings as a user writes them. */
export function make(definition: OperatorDefinition, settings: object, fixture: Fixture = {}): Operator {
  const context: OperatorContext = {
    name: `test/0-${definition.type}`,
    tags: fixture.tags ?? new TagTable(),
    metrics: fixture.metrics ?? silentMetrics,
    keeper: fixture.keeper ?? new TestKeeper(),
  }
  return definition.create(definition.config.parse(settings), context)
}

/** Pushes batches through an operator, one subscription; what came out for each. */
export function push(operator: Operator, batches: readonly Batch[]): Batch[] {
  const input = new Subject<Batch>()
  const output: Batch[] = []
  const subscription = input.pipe(operator).subscribe((batch) => output.push(batch))
  for (const batch of batches) input.next(batch)
  subscription.unsubscribe()
  return output
}

/** How a diagram is read: the tag it stands for, ms per frame (1,000), the value of letters. */
export interface Picture extends Fixture {
  readonly tag?: Partial<TagDefinition>
  readonly frame?: number
}

/**
 * Asserts what an operator makes of one tag's samples, as marbles: frames between blanks, one a second from time 0.
 * `-` nothing, `5` good, `5?` uncertain, `5!` bad, `!` bad without a value, `'x'` text, `(1 2)` both in one frame.
 * Returns the changes that the operator counted.
 */
export function expectMarbles(
  definition: OperatorDefinition,
  settings: object,
  input: string,
  output: string,
  picture: Picture = {},
): Record<string, number> {
  const tags = picture.tags ?? new TagTable()
  const { index } = tags.resolve({ name: 'line/pump/signal', type: 'number', ...picture.tag })
  const metrics = new TestMetrics()
  const operator = make(definition, settings, { ...picture, tags, metrics })
  const frame = picture.frame ?? 1000
  const result = push(operator, [batchOf(readMarbles(input, index, frame))])
  assert.equal(drawMarbles(rowsOf(result, tags), frame), output.trim().replace(/\s+/g, ' '))
  return metrics.changes
}

/** The rows of a diagram. */
export function readMarbles(diagram: string, tag = 0, frame = 1000): Row[] {
  const frames = diagram.trim().match(/\([^)]*\)|\S+/g) ?? []
  return frames.flatMap((marbles, at) =>
    marbles
      .replace(/[()]/g, '')
      .split(/\s+/)
      .filter((marble) => marble !== '-')
      .map((marble) => readMarble(marble, tag, at * frame)),
  )
}

function readMarble(marble: string, tag: number, time: number): Row {
  const [, body, flag] = /^(.*?)([?!]?)$/.exec(marble)!
  const quality = flag === '!' ? Quality.bad : flag === '?' ? Quality.uncertain : Quality.good
  if (body.startsWith("'")) return { tag, time, value: body.slice(1, -1), quality }
  return { tag, time, value: body === '' ? NaN : Number(body), quality }
}

/** The diagram of rows; times must lie on frames and not fall. Trailing empty frames are left out. */
export function drawMarbles(rows: readonly Row[], frame = 1000): string {
  const frames: string[][] = []
  for (const { time, value, quality } of rows) {
    assert.equal(time % frame, 0, `time ${time} is between two frames`)
    assert.ok(time / frame >= frames.length - 1, `time ${time} comes after a later one`)
    const text = typeof value === 'string' ? `'${value}'` : Number.isNaN(value) && quality ? '' : String(value)
    while (frames.length <= time / frame) frames.push([])
    frames[time / frame].push(`${text}${['', '?', '!'][quality]}`)
  }
  return frames.map((marbles) => (marbles.length > 1 ? `(${marbles.join(' ')})` : (marbles[0] ?? '-'))).join(' ')
}
