import { parseArgs } from 'node:util'
import { walk } from './walk.ts'

/** `npm run walk:opcua -- --minutes 20 --seed 7`: a random walk, longer than a test may take. */
const { values } = parseArgs({ options: { minutes: { type: 'string' }, seed: { type: 'string' } } })
const minutes = Number(values.minutes ?? 20)
const seed = Number(values.seed ?? Date.now() % 100_000)
const write = (line: string) => process.stdout.write(`${line}\n`)

write(`seed ${seed}, ${minutes} minutes`)
const began = performance.now()
const say = (line: string) => write(`${((performance.now() - began) / 1_000).toFixed(1)} s  ${line}`)
const { wrong, ...figures } = await walk({ minutes, seed, say })
write(JSON.stringify(figures, null, 2))
for (const line of wrong.slice(0, 50)) write(line)
write(
  wrong.length === 0 ? 'Every value is stored once or lies in a recorded gap.' : `${wrong.length} values are wrong.`,
)
process.exitCode = wrong.length === 0 ? 0 : 1
