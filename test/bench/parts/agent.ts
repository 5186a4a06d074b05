import { parseConfig } from '../../../config/index.ts'
import { schema } from '../../../agent/settings/schema.ts'
import { startAgent, type Agent } from '../../../agent/supervisor.ts'
import { createLogger } from '../../../agent/cli/logger.ts'
import { now } from './plant.ts'
import type { ReceiverTold } from './receiver.ts'

interface Job {
  readonly text: string
  /** Trains without a pause. */
  readonly training?: boolean
}

/** The agent as `millwright run` starts it, which tells how far it is. */
async function run({ text, training }: Job): Promise<void> {
  const config = parseConfig(text, { schema, env: {} })
  const agent = await startAgent({ config, text, args: [], log: createLogger(config) })
  const timer = setInterval(() => {
    if (process.connected && agent.view.ready().ok) process.send!(look(agent), undefined, undefined, ignoreEnd)
  }, 10)
  const trainer = training && setInterval(() => trainAgain(agent), 100)
  process.once('disconnect', () => {
    clearInterval(timer)
    if (trainer) clearInterval(trainer)
    void agent.stop()
  })
}

/** Begins a training where none is under way, once there is a model. */
function trainAgain({ view }: Agent): void {
  try {
    view.modelRequests.retrain('health', 'benchmark')
  } catch {
    // One is under way.
  }
}

/** The parent may end the channel while something is sent. */
const ignoreEnd = () => undefined

let stored = -1

function look({ view, journal }: Agent): ReceiverTold {
  const [source] = view.ledger().sources
  // The whole state costs time that is not the agent's own, so it is asked for only when nothing comes any more.
  const quiet = source.stored === stored && source.inFlight === 0
  stored = source.stored
  const idle = quiet && view.state().throughput.lag === 0
  const results = journal.stats('results')
  const newest = idle ? journal.read('results', Math.max(0, results.next - 100)) : []
  const predictions = newest.flatMap((entry) => (entry.kind === 'predictions' ? entry.predictions : []))
  return {
    received: source.stored,
    idle,
    rejected: Object.values(source.rejected).reduce((sum, rows) => sum + rows, 0),
    time: now(),
    predictions: results.rows,
    model: predictions.at(-1)?.model ?? '',
  }
}

process.once('message', (job: Job) => void run(job))
