import assert from 'node:assert/strict'
import fc from 'fast-check'
import { AssetClass, Pattern, TagTable, tagFilter, type Piece } from '../../agent/core/index.ts'
import { partPattern } from '../../connectors/images/part.ts'

/** The same as a regular expression, which may take for ever but says what is meant. */
function expressionOf(pieces: readonly Piece[], greedy: boolean): RegExp {
  const lazy = greedy ? '' : '?'
  const parts = pieces.map((piece) => {
    if ('text' in piece) return piece.text.replace(/[\\^$.|?+()[\]{}*/]/g, '\\$&')
    if ('name' in piece) return `(?<${piece.name}>[^/]+${lazy})`
    return piece.any === 'levels' ? `[^]*${lazy}` : `[^/]*${lazy}`
  })
  return new RegExp(`^${parts.join('')}$`, 'd')
}

const piece = fc.oneof(
  fc.constantFrom<Piece>({ any: 'level' }, { any: 'levels' }),
  fc.stringMatching(/^[ab/_]{1,2}$/).map((text): Piece => ({ text })),
)

describe('patterns', () => {
  it('find what regular expressions find, whatever pattern and text', () => {
    const pieces = fc
      .tuple(fc.array(piece, { maxLength: 4 }), fc.array(piece, { maxLength: 3 }), fc.array(piece, { maxLength: 2 }))
      .map(([before, between, after]): Piece[] => [...before, { name: 'one' }, ...between, { name: 'two' }, ...after])
    const text = fc.stringMatching(/^[ab/_]{0,12}$/)
    fc.assert(
      fc.property(pieces, text, fc.boolean(), (pieces, text, greedy) => {
        const found = new Pattern(pieces, greedy).match(text)
        const places = expressionOf(pieces, greedy).exec(text)?.indices?.groups
        const wanted = places && Object.entries(places).map(([name, [from, to]]) => [name, { from, to }])
        assert.deepEqual(found && [...found], wanted)
      }),
      { numRuns: 5_000 },
    )
  })

  it('take no longer the more a text repeats itself', () => {
    const long = `camera/${'x_'.repeat(2_000)}`
    assert.equal(partPattern('camera/*_{part}_*_*_*!')(long), undefined)
    const tags = new TagTable()
    const { index } = tags.resolve({ name: `${'a/'.repeat(2_000)}b`, type: 'number' })
    assert.equal(tagFilter(tags, '**/a/**/a/**/a/**/a/**/c')(index), false)
    const name = `line/${'pump-'.repeat(700)}/vibration`
    const assets = new AssetClass('pump', 'line/{a}-{b}-{c}-{d}-{e}/{role}!', tags)
    assert.equal(assets.locate(tags.resolve({ name, type: 'number' }).index), null)
  })

  it('leave texts alone that are longer than any name', () => {
    assert.equal(new Pattern([{ any: 'levels' }], true).match('x'.repeat(4_097)), undefined)
  })
})
