import { execFile } from 'node:child_process'
import { type Logger, childEnvironment, describeError } from '../core/index.ts'

export interface NotifierOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly log: Logger
  /** Whether the agent does its work; while it does not, the watchdog gets no sign of life and systemd restarts it. */
  readonly healthy: () => boolean
}

/** Tells the service manager how the agent is. */
export interface Notifier {
  /** The agent works: what waits for the unit may start. From now on the watchdog gets its signs of life. */
  ready(status: string): Promise<void>
  /** The stop has begun. */
  stopping(): Promise<void>
}

/**
 * The protocol of sd_notify(3), for units with `Type=notify` and `NotifyAccess=all`; does nothing where no unit asks for it.
 * Node has no datagram sockets of the Unix domain, so systemd's own `systemd-notify` sends each message.
 */
export function createNotifier({ env = process.env, log, healthy }: NotifierOptions): Notifier {
  if (env.NOTIFY_SOCKET === undefined) return { ready: () => Promise.resolve(), stopping: () => Promise.resolve() }
  let last: Promise<void> = Promise.resolve()
  let failed = false
  let timer: NodeJS.Timeout | undefined
  // One after the other: READY must not overtake STOPPING.
  const send = (...words: string[]): Promise<void> =>
    (last = last.then(async () => {
      const problem = await run(words, env)
      if (problem !== undefined && !failed) log.warn({ remedy }, `systemd was not told ${words[0]}: ${problem}`)
      failed = problem !== undefined
    }))
  return {
    ready: (status) => {
      clearInterval(timer)
      const pause = watchdogPause(env)
      if (pause !== undefined) {
        timer = setInterval(() => {
          if (healthy()) void send('WATCHDOG=1')
        }, pause)
      }
      return send('READY=1', `STATUS=${status}`)
    },
    stopping: () => {
      clearInterval(timer)
      return send('STOPPING=1')
    },
  }
}

const remedy = 'Install systemd-notify (package systemd), or set Type=exec and no WatchdogSec in the unit.'

/** Half of the time after which systemd gives the process up, in ms; undefined where it does not watch this process. */
function watchdogPause({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv): number | undefined {
  const time = Number(WATCHDOG_USEC)
  if (!(time > 0) || (WATCHDOG_PID !== undefined && Number(WATCHDOG_PID) !== process.pid)) return undefined
  return time / 2000
}

/** Resolves with what went wrong, if anything did. */
function run(words: readonly string[], env: NodeJS.ProcessEnv): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile('systemd-notify', words, { env: childEnvironment({}, env), timeout: 10_000 }, (error) =>
      resolve(error ? describeError(error) : undefined),
    )
  })
}
