import { Subject, map } from 'rxjs'
import { BatchBuilder, TagTable, type Batch, type Operator, type OperatorDefinition } from '../../agent/core/index.ts'
import { operators } from '../../agent/operators/index.ts'
import { make } from '../support/marbles.ts'

const tagCount = 50
const batchLength = 1024

/** Noisy signals of 50 tags, one sample a second each, in batches of 1,024. */
function stream(tags: TagTable, batches: number): Batch[] {
  for (let tag = 0; tag < tagCount; tag++)
    tags.resolve({ name: `line/pump${tag}/value`, type: 'number', low: -3, high: 3 })
  let seed = 1
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647
  const builder = new BatchBuilder('bench', batchLength)
  let row = 0
  return Array.from({ length: batches }, () => {
    for (let at = 0; at < batchLength; at++, row++) {
      const time = 1.7e12 + Math.floor(row / tagCount) * 1000
      builder.add(row % tagCount, time, Math.sin(row / 5000) + 0.2 * random(), 0)
    }
    return builder.take(0)
  })
}

/** The best of five runs, in ns of processor time per sample that goes in. Each run has a subscription of its own. */
function measure(chain: () => readonly Operator[], batches: readonly Batch[]): number {
  let best = Infinity
  for (let round = 0; round < 5; round++) {
    const input = new Subject<Batch>()
    let rows = 0
    chain()
      .reduce((source, operator) => source.pipe(operator), input.asObservable())
      .subscribe((batch) => (rows += batch.length))
    const start = process.cpuUsage()
    for (const batch of batches) input.next(batch)
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, user + system)
    if (rows === 0) throw new Error('nothing came out')
  }
  return (best * 1e3) / (batches.length * batchLength)
}

/** What no operator can be faster than: reads every row once and writes its time, value and quality to state by tag. */
const bare: Operator = map((batch: Batch) => {
  const { tag, time, value, quality } = batch
  for (let row = 0; row < batch.length; row++) {
    last.time[tag[row]] = time[row]
    last.value[tag[row]] = value[row]
    last.quality[tag[row]] = quality[row]
  }
  return batch
})
const last = {
  time: new Float64Array(tagCount),
  value: new Float64Array(tagCount),
  quality: new Uint8Array(tagCount),
}

/** Settings with which each operator has something to do. */
const settings: Readonly<Record<string, object>> = { scale: { factor: 2, offset: 1 } }

/** Prints ns per sample, and times a bare pass, of each operator and of all in a chain, with and without despike. `--batches` (500). */
export function run(args: { readonly batches?: string } = {}): Promise<void> {
  const tags = new TagTable()
  const batches = stream(tags, Number(args.batches ?? 500))
  const of = (chosen: readonly OperatorDefinition[]) => () =>
    chosen.map((definition) => make(definition, settings[definition.type] ?? {}, { tags }))
  const reference = measure(() => [bare], batches)
  const print = (name: string, ns: number) =>
    console.log(
      `${name.padEnd(24)} ${ns.toFixed(1).padStart(7)} ns/sample ${(ns / reference).toFixed(1).padStart(6)} x`,
    )
  print('bare pass', reference)
  for (const definition of operators) print(definition.type, measure(of([definition]), batches))
  print('chain of all', measure(of(operators), batches))
  print('chain without despike', measure(of(operators.filter(({ type }) => type !== 'despike')), batches))
  return Promise.resolve()
}
