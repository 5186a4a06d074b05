import { seededRandom } from '../../models/random.ts'
import { mutated, trouble } from './fuzz.ts'
import { outer } from './outer.ts'
import { targets } from './targets.ts'

/** `npm run fuzz -- --seconds N --seed S`: every decoder of bytes from outside, in turn; ends with 1 where one fails. */
const option = (name: string, usual: number) => Number(process.argv[process.argv.indexOf(`--${name}`) + 1] || usual)
const asked = (name: string, usual: number) => (process.argv.includes(`--${name}`) ? option(name, usual) : usual)
const seconds = asked('seconds', 60)
const seed = asked('seed', 1)
const random = seededRandom(seed)
const all = [...targets, ...outer]
for (const target of all) {
  const failures = new Map<string, string>()
  let inputs = 0
  for (const end = performance.now() + (seconds * 1_000) / all.length; performance.now() < end; inputs++) {
    const found = await trouble(target, mutated(target.seeds, random))
    if (found !== undefined) failures.set(found.split('\n')[0].replace(/\d+/g, '#'), found)
  }
  console.log(`${target.name}: ${inputs} inputs, ${failures.size} kinds of failures`)
  for (const failure of failures.values()) console.log(failure)
  if (failures.size > 0) process.exitCode = 1
}
