import assert from 'node:assert/strict'
import { seededRandom } from '../../models/random.ts'
import { mutated, trouble } from './fuzz.ts'
import { outer } from './outer.ts'
import { targets } from './targets.ts'

/** Inputs for each decoder, and for those that read files and answer requests: a glimpse of what `npm run fuzz` does. */
const inputs = 400
const outerInputs = 100

describe('bytes from outside', () => {
  for (const target of [...targets, ...outer])
    it(`end no decoder and hold up none: ${target.name}`, async () => {
      const random = seededRandom(7)
      for (const seed of target.seeds) assert.equal(await trouble(target, Buffer.from(seed)), undefined)
      for (let i = outer.includes(target) ? outerInputs : inputs; i > 0; i--)
        assert.equal(await trouble(target, mutated(target.seeds, random)), undefined)
    })
})
