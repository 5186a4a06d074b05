import { z } from 'zod'
import { type Batch, type OperatorContext, Quality, defineOperator, qualityNames } from '../core/index.ts'
import { Ranges } from './ranges.ts'
import { Draft, Sieve, countChanges, eachBatch } from './rows.ts'
import { Kind, Selection, tagPatterns } from './selection.ts'

const config = z.strictObject({
  tags: tagPatterns,
  worst: z.enum(qualityNames).default('uncertain').describe('The worst quality that passes.'),
  range: z.boolean().default(false).describe("Whether numbers outside the tag's range fail as well."),
  action: z
    .enum(['drop', 'bad'])
    .default('drop')
    .describe('What happens to a sample that fails: `drop` removes it, `bad` keeps it and marks it bad.'),
})

/**
 * Lets samples through by quality. Numbers and booleans that are not finite fail like bad ones; text is judged by its
 * quality alone.
 */
export const gate = defineOperator({
  type: 'gate',
  config,
  create: (settings, context) => eachBatch(() => (settings.action === 'drop' ? drop : mark)(settings, context)),
})

type Settings = z.output<typeof config>

function drop(settings: Settings, context: OperatorContext): (batch: Batch) => Batch {
  const judge = new Judge(settings, context)
  const sieve = new Sieve()
  return (batch) => {
    if (judge.fails(batch) === 0) return batch
    const rows = sieve.room(batch)
    let kept = 0
    for (let row = 0; row < batch.length; row++) if (judge.failed[row] === 0) rows[kept++] = row
    countChanges(context, 'dropped', batch.length - kept)
    return sieve.finish(batch, kept)
  }
}

function mark(settings: Settings, context: OperatorContext): (batch: Batch) => Batch {
  const judge = new Judge(settings, context)
  return (batch) => {
    if (judge.fails(batch) === 0) return batch
    const draft = new Draft(batch)
    let changes = 0
    for (let row = 0; row < batch.length; row++) {
      if (judge.failed[row] === 0 || batch.quality[row] === Quality.bad) continue
      draft.qualities()[row] = Quality.bad
      changes++
    }
    countChanges(context, 'bad', changes)
    return draft.finish()
  }
}

class Judge {
  /** 1 for each row of the last batch that failed. */
  failed = new Uint8Array(0)
  readonly #selection: Selection
  readonly #ranges: Ranges | undefined
  readonly #worst: number

  constructor(settings: Settings, context: OperatorContext) {
    this.#selection = new Selection(context.tags, settings.tags)
    this.#ranges = settings.range ? new Ranges(context.tags) : undefined
    this.#worst = qualityNames.indexOf(settings.worst)
  }

  /** Judges a batch; returns how many rows fail. */
  fails({ length, tag, value, quality }: Batch): number {
    if (this.failed.length < length) this.failed = new Uint8Array(length)
    const failed = this.failed
    const kinds = this.#selection.kinds()
    const limits = this.#ranges?.all()
    const worst = this.#worst
    // Without a finite value a row is as good as bad, so it fails wherever bad rows do.
    const finite = worst < Quality.bad
    let fails = 0
    for (let row = 0; row < length; row++) {
      const index = tag[row]
      const kind = kinds[index]
      const number = value[row]
      let fail = quality[row] > worst || (finite && kind > Kind.text && number - number !== 0)
      if (limits && kind === Kind.number) fail ||= number < limits.low[index] || number > limits.high[index]
      failed[row] = fail && kind !== Kind.other ? 1 : 0
      fails += failed[row]
    }
    return fails
  }
}
