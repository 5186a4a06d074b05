import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Config } from '../../settings/index.ts'
import { AgentError, type DeadReason, type Finding, deadReasons, describeError } from '../../core/index.ts'
import type { AgentState, DeadLetterView, Ledger } from '../../view/index.ts'
import { shelfOf } from '../../training/index.ts'
import { openJournal } from '../../journal/index.ts'
import { AgentApi } from '../api.ts'
import { statsOf } from '../journal-stats.ts'
import { bytes, lasting } from '../output.ts'
import { remedyOf } from './connectors.ts'
import { good, trouble, warning } from './findings.ts'

/** The agent that runs with this configuration, by its own words; and the port it would have where none runs. */
export async function* examineAgent(config: Config, api: AgentApi): AsyncGenerator<Finding> {
  let state: AgentState
  try {
    state = await api.get<AgentState>('/api/state')
  } catch (error) {
    if (error instanceof AgentError && error.code === 'AGENT_REFUSED')
      yield trouble(describeError(error), error.remedy ?? '')
    else yield await examinePort(config)
    return
  }
  yield good(`${state.site} runs at ${api.url}, version ${state.version}, up ${lasting(state.time - state.started)}`)
  for (const reason of state.ready.reasons) yield warning(reason, 'See the connection of that name above.')
  for (const { name, status } of state.connections)
    if (status.state !== 'up')
      yield warning(`${name} is ${status.state}: ${status.message}`, status.remedy ?? 'Wait, or look at its far side.')
  if (state.throughput.lag > 1000)
    yield warning(
      `the pipeline is ${state.throughput.lag} records behind`,
      'The machine is too slow for what comes in: fewer tags, longer sampling, larger `every`.',
    )
  yield* examineLedger(await api.get<Ledger>('/api/ledger'))
  yield* examineLetters(await api.get<DeadLetterView[]>('/api/dead-letters?limit=1000'))
  yield* examineCounters(await counters(api))
}

async function examinePort({ http }: Config): Promise<Finding> {
  if (!http.enabled) return good('the page is off, so nothing can be asked of a running agent')
  const taken = http.port > 0 && (await accepts(http.host, http.port))
  if (!taken) return good(`no agent runs with this configuration; its port ${http.port} is free`)
  return trouble(`another program listens on port ${http.port}`, 'Set http.port to a free port.')
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host, port, timeout: 2_000 })
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket
      .once('connect', () => end(true))
      .once('timeout', () => end(false))
      .once('error', () => end(false))
  })
}

function* examineLedger({ sources, sinks }: Ledger): Generator<Finding> {
  const off = [...sources, ...sinks].filter(({ difference }) => difference !== 0)
  if (off.length === 0) yield good('every sample and every result is accounted for')
  for (const { name, difference } of off)
    yield trouble(
      `${name}: ${difference} rows are unaccounted for`,
      'Please report it with `millwright journal stats --json`.',
    )
  for (const { name, waiting, deadLettered, givenUp } of sinks) {
    if (givenUp > 0)
      yield warning(
        `${givenUp} results were given up before ${name} had them`,
        'The journal had no room for them: give it more (`journal.size`), or the disk.',
      )
    if (waiting > 100_000)
      yield warning(
        `${waiting} results wait for ${name}`,
        'They wait in the journal as long as it has room; look at the far side.',
      )
    if (deadLettered > 0)
      yield warning(
        `${name} has refused ${deadLettered} results for good`,
        `\`millwright dead-letters list --origin ${name}\` has its words; once the cause is mended, \`resend\` sends them.`,
      )
  }
}

function* examineLetters(letters: readonly DeadLetterView[]): Generator<Finding> {
  const kinds = new Map<string, { count: number; newest: DeadLetterView }>()
  for (const letter of letters) {
    const key = `${letter.origin}\n${letter.reason}`
    const known = kinds.get(key)
    if (known) known.count++
    else kinds.set(key, { count: 1, newest: letter })
  }
  for (const { count, newest } of kinds.values()) {
    const { origin, reason, detail, subject, time } = newest
    const meaning = reason in deadReasons ? deadReasons[reason as DeadReason] : reason
    const remedy = reason in deadReasons ? remedyOf(reason as DeadReason) : 'See `millwright dead-letters list`.'
    yield warning(
      `${origin} put ${count} letters aside, the newest ${lasting(Math.max(0, Date.now() - time))} ago: ${meaning} ${subject}: ${detail}`,
      remedy,
    )
  }
}

/** What counters of trouble mean, and what helps. */
const telling: Readonly<Record<string, readonly [what: string, remedy: string]>> = {
  future_samples_total: [
    'samples were far in the future',
    'A clock in the plant is wrong: see clock_skew_seconds and set it by NTP.',
  ],
  late_samples_total: [
    'samples came after the end of their window',
    'Raise `lateness` of the monitor, or find what delays them.',
  ],
  repaired_times_total: [
    'samples had no usable time',
    'Set `time` of the topic, or the clock behind the server; the time of arrival was taken.',
  ],
  rebuilds_total: [
    'times an OPC UA session looked alive and sent nothing',
    'The client was rebuilt by itself; update the server, or raise `watchdog` if its network is slow.',
  ],
  paused_total: ['times a source had to wait for the journal', 'The disk is slow: see above.'],
  journal_corrupt_total: [
    'records of the journal are damaged',
    'Check the disk; `millwright journal verify` names them.',
  ],
  undelivered_rows_total: [
    'results were trimmed before a sink had them',
    'Raise journal.size or journal.age, or mend the sink sooner.',
  ],
  quarantined_items: ['nodes or filters are refused', 'Check them: `millwright test --once` lists them.'],
}

function* examineCounters(found: ReadonlyMap<string, number>): Generator<Finding> {
  for (const [metric, [what, remedy]] of Object.entries(telling)) {
    const count = found.get(metric) ?? 0
    if (count > 0) yield warning(`${count} ${what}`, remedy)
  }
}

/** Sums of metrics by name, without the prefix. */
async function counters(api: AgentApi): Promise<Map<string, number>> {
  const sums = new Map<string, number>()
  const text = await api.text('/metrics').catch(() => '')
  for (const [, name, value] of text.matchAll(/^millwright_(\w+)(?:\{.*\})? ([\d.eE+-]+)$/gm))
    sums.set(name, (sums.get(name) ?? 0) + Number(value))
  return sums
}

/** What the data folder holds: is the journal readable and large enough, do the models load? */
export async function* examineData(config: Config): AsyncGenerator<Finding> {
  const folder = join(config.data, 'journal')
  if (config.journal.store === 'lmdb' && existsSync(join(folder, 'data.mdb'))) {
    try {
      const journal = await openJournal({ folder, settings: config.journal, readOnly: true })
      const { size, lasts } = statsOf(journal, config)
      await journal.close()
      const told = `the journal holds ${bytes(size.used)} of ${bytes(size.limit)}${lasts === null ? '' : ` and keeps about ${lasting(lasts)} at this pace`}`
      const short = lasts !== null && lasts < 24 * 3_600_000
      yield short ? warning(told, 'An outage of a day would lose results: raise journal.size.') : good(told)
    } catch (error) {
      yield trouble(
        describeError(error),
        'Look at the folder and the disk; the agent puts a damaged journal aside and begins a new one.',
      )
    }
  }
  for (const monitor of [...Object.keys(config.monitors), ...Object.keys(config.inspections)]) {
    for (const { version, problem } of await shelfOf(config, monitor).registry.list(monitor))
      if (problem !== undefined)
        yield trouble(
          `model ${version} of ${monitor} cannot be used: ${problem}`,
          'Restore a backup, or let it train again.',
        )
  }
}
