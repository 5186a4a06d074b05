import { type Logger, describeError } from '../core/index.ts'
import { createNotifier, leaveWords, sizeYoungGeneration, speakLastWords } from '../process/index.ts'
import { startAgent, type Agent, type AgentOptions } from '../supervisor.ts'

/**
 * Runs an agent until SIGINT or SIGTERM, then stops it cleanly; a second signal ends at once. Tells systemd, where it
 * asks. What `started` returns is called when it stops.
 */
export async function serve(options: AgentOptions, started: (agent: Agent) => (() => void) | undefined): Promise<void> {
  const { log } = options
  speakLastWords(log, (parts) => leaveWords(options.config.data, parts))
  const signal = stopSignal()
  const agent = await startUnless(signal, options)
  if (!agent) {
    log.info({}, 'stopped while starting')
    return
  }
  sizeYoungGeneration()
  const stopping = started(agent)
  const notifier = createNotifier({ log, healthy: () => agent.view.health().ok })
  await notifier.ready(agent.url === undefined ? 'running' : `running, page at ${agent.url}`)
  try {
    await Promise.race([agent.done, signal])
  } finally {
    stopping?.()
    await notifier.stopping()
    await stop(agent, log)
  }
}

/** The agent; undefined where it was asked to stop before it had started. */
async function startUnless(signal: Promise<void>, options: AgentOptions): Promise<Agent | undefined> {
  const giveUp = new AbortController()
  void signal.then(() => giveUp.abort())
  try {
    return await startAgent({ ...options, signal: giveUp.signal })
  } catch (error) {
    if (giveUp.signal.aborted) return undefined
    throw error
  }
}

async function stop(agent: Agent, log: Logger): Promise<void> {
  log.info({}, 'stopping; press Ctrl-C again to end at once')
  try {
    await agent.stop()
    log.info({}, 'stopped')
  } catch (error) {
    log.error({}, `the agent did not stop cleanly: ${describeError(error)}`)
    process.exitCode = 1
  }
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      process.on(name, () => {
        if (asked) process.exit(130)
        asked = true
        resolve()
      })
    }
  })
}
