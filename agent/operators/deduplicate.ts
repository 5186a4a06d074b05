import { z } from 'zod'
import { type Batch, type OperatorContext, defineOperator } from '../core/index.ts'
import { Columns, column } from './columns.ts'
import { Sieve, countChanges, eachBatch } from './rows.ts'
import { Kind, Selection, tagPatterns } from './selection.ts'

const config = z.strictObject({
  tags: tagPatterns,
  same: z
    .enum(['sample', 'time'])
    .default('sample')
    .describe(
      '`sample` drops a sample whose tag, time, value and quality came before; a different value for the same time passes as a correction. `time` drops every sample but the first of a tag and time.',
    ),
  memory: z
    .int()
    .min(1)
    .max(1024)
    .default(32)
    .describe('How many samples of each tag are remembered, the newest ones.'),
})

/**
 * Drops what came before, such as messages that a broker delivers again. Compares numbers, booleans, text, exact
 * integers and missing values. A sample newer than all before it is passed without a search.
 */
export const deduplicate = defineOperator({
  type: 'deduplicate',
  config,
  create: (settings, context) => eachBatch(() => compare(settings, context)),
})

function compare(settings: z.output<typeof config>, context: OperatorContext): (batch: Batch) => Batch {
  const { memory } = settings
  const timeOnly = settings.same === 'time'
  const selection = new Selection(context.tags, settings.tags)
  const state = new Columns({
    newest: column('float64', -Infinity),
    next: column('int32'),
    time: column('float64', NaN, memory),
    key: column('float64', NaN, memory),
    quality: column('uint8', 0, memory),
  })
  context.keeper.keep(context.name, state)
  const sieve = new Sieve()
  return (batch) => {
    const kinds = selection.kinds()
    const { tag, time: times, quality: qualities } = batch
    const { newest, next, time, key, quality } = state.upTo(context.tags.size)
    const keys = keysOf(batch, kinds)
    const rows = sieve.room(batch)
    let kept = 0
    for (let row = 0; row < batch.length; row++) {
      const index = tag[row]
      if (kinds[index] !== Kind.other) {
        const at = times[row]
        const from = index * memory
        if (at > newest[index]) newest[index] = at
        else {
          let seen = from
          const end = from + memory
          while (seen < end) {
            if (time[seen] === at && (timeOnly || (isSame(key[seen], keys[row]) && quality[seen] === qualities[row])))
              break
            seen++
          }
          if (seen < end) continue
        }
        const slot = from + next[index]
        time[slot] = at
        key[slot] = keys[row]
        quality[slot] = qualities[row]
        next[index] = next[index] + 1 === memory ? 0 : next[index] + 1
      }
      rows[kept++] = row
    }
    countChanges(context, 'dropped', batch.length - kept)
    return sieve.finish(batch, kept)
  }
}

function isSame(a: number, b: number): boolean {
  return a === b || (a !== a && b !== b)
}

/**
 * What to compare values by: the value itself, but for text a hash of it, since codes are local to a batch, and for
 * exact integers their lower 53 bits, since values near each other round to the same number.
 */
function keysOf(batch: Batch, kinds: Uint8Array): Float64Array {
  const { texts, exact } = batch
  if (!texts && !exact) return batch.value
  const keys = batch.value.slice()
  const hashes = texts?.map(hashOf)
  for (let row = 0; row < batch.length; row++) {
    if (hashes && kinds[batch.tag[row]] === Kind.text) keys[row] = hashes[batch.value[row]] ?? NaN
    else if (exact && exact[row] !== 0n) keys[row] = Number(BigInt.asUintN(53, exact[row]))
  }
  return keys
}

/** A hash of 53 bits: two FNV-1a of 32 bits with different starts (Fowler, Noll and Vo 1991). */
function hashOf(text: string): number {
  let low = 0x811c9dc5
  let high = 0x01000193
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    low = Math.imul(low ^ code, 0x01000193)
    high = Math.imul(high ^ code, 0x01000193)
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0)
}
