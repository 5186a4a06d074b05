import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { influxdMissing } from '../support/influxd.ts'
import { hasMosquitto } from '../support/mosquitto.ts'
import { faultTable } from './report.ts'
import { chaos } from './run.ts'
import { kindsWith, script } from './script.ts'

const help = `Usage: npm run chaos -- [--minutes N] [--seed S] [--only WORD]

Faults by a script that the seed draws, on an agent with real mosquitto, influxd and OPC UA server: processes are killed and
held still, wires cut, stalled, slowed and reset, the disk is full, the clock is set, the load is ten times as much. In the end
all that the broker acknowledged must be in InfluxDB, value by value, or in the dead letters; every conclusion must be that of
a replay. Ends with 1 where anything was lost or invented, and names the first of it.

  --minutes N  how long the faults go on (1)
  --seed S     the same seed, the same script (1)
  --only WORD  only faults with that word in their names, such as killed
  --verbose    say what is done as it is done`

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const only = kindsWith(values.only)
const [minutes, seed] = [Number(values.minutes), Number(values.seed)]

if (values.help) console.log(help)
else if (!(minutes > 0) || !Number.isSafeInteger(seed) || only.length === 0) {
  console.error(help)
  process.exitCode = 2
} else if (!hasMosquitto || influxdMissing) {
  console.error(influxdMissing ?? 'mosquitto is not installed: apt-get install mosquitto')
  process.exitCode = 2
} else await live()

async function live(): Promise<void> {
  const tell = (text: string) => values.verbose && console.log(`${new Date().toISOString()} ${text}`)
  const { outcomes, violations, notes, messages, holdings, output } = await chaos(
    minutes * 60_000,
    script(seed, only),
    tell,
  )
  console.log(faultTable(outcomes))
  const [before, after] = holdings.map(
    ({ memory, threads, files }) => `${memory} MB, ${threads} threads, ${files} files`,
  )
  console.log(`\n${outcomes.length} faults, seed ${seed}; ${messages} messages acknowledged by the broker`)
  console.log(`the agent held ${before}, in the end ${after}`)
  for (const note of notes) console.log(`note: ${note}`)
  console.log(violations.length === 0 ? 'nothing was lost, nothing invented' : `\n${violations.length} violations:\n${violations.join('\n')}`) // prettier-ignore
  if (violations.length === 0) return
  process.exitCode = 1
  const log = join(tmpdir(), `millwright-chaos-${seed}.log`)
  writeFileSync(log, output)
  console.log(`what the agent said: ${log}`)
}
