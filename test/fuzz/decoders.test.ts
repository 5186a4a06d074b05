import assert from 'node:assert/strict'
import { seededRandom } from '../../models/random.ts'
import { mutated, trouble } from './fuzz.ts'
import { targets } from './targets.ts'

/** Inputs for each decoder: a glimpse of what `npm run fuzz` does. */
const inputs = 400

describe('bytes from outside', () => {
  for (const target of targets)
    it(`end no decoder and hold up none: ${target.name}`, () => {
      const random = seededRandom(7)
      for (const seed of target.seeds) assert.equal(trouble(target, Buffer.from(seed)), undefined)
      for (let i = 0; i < inputs; i++) assert.equal(trouble(target, mutated(target.seeds, random)), undefined)
    })
})
