import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Expression, type Reader, Undecided, type Value } from '../../agent/expressions/index.ts'

const names = ['a', 'b', 'c'] as const
const signal = fc.constantFrom(...names).map((name) => `signal("${name}")`)
const literal = fc.constantFrom('0', '1', '2.5', '1e308', 'true', 'false')
const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small' },
    signal,
    literal,
    tie('expression').map((inner) => `!(${inner})`),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('&&', '||', '<', '<=', '>', '>=', '+', '-', '*', '/'),
        tie('expression'),
      )
      .map(([left, sign, right]) => `(${left}) ${sign} (${right})`),
  ),
}))
const value = fc.oneof(fc.constantFrom<(Value | undefined)[]>(undefined, true, false, 'auto', 0, 1, -0, 2.5), fc.double({ noNaN: true, noDefaultInfinity: true })) // prettier-ignore

/** What it comes to: its value, or why it has none. */
function outcome(work: () => Value): Value | { readonly why: string } {
  try {
    return work()
  } catch (error) {
    assert.ok(error instanceof Undecided)
    return { why: error.message }
  }
}

function expressionOf(text: string): Expression | undefined {
  try {
    return new Expression(text)
  } catch {
    return undefined
  }
}

describe('conditions that are calculated without CEL', () => {
  it('come to the same, with the same reasons where they are undecided', () => {
    fc.assert(
      fc.property(expression, fc.tuple(value, value, value), (text, values) => {
        const read = (name: string) => {
          const known = values[names.indexOf(name as (typeof names)[number])]
          if (known === undefined) throw new Undecided(`nothing came of ${name} yet`)
          return known
        }
        const reader = { signal: read } as unknown as Reader
        const made = expressionOf(text)
        if (made) assert.deepEqual(outcome(() => made.value(reader)), outcome(() => made.inFull(reader)), text) // prettier-ignore
      }),
      { numRuns: 3_000 },
    )
  })
})
