import { MillwrightError, describeError } from '../../agent/core/index.ts'
import type { Failure, FromProcess, ToProcess } from './messages.ts'

/**
 * Serves a pool, in the process that it began: `open` makes the handler from what the pool hands over, and is to load what
 * may break, so that it breaks before the first job. The process ends with its pool.
 */
export function serve(open: (setup: never) => Promise<(job: never) => Promise<unknown>>): void {
  let handler: ((job: never) => Promise<unknown>) | undefined
  const tell = (message: FromProcess) => process.connected && process.send!(message)
  process.on('message', (message: ToProcess) => {
    if ('setup' in message) {
      open(message.setup as never).then(
        (opened) => {
          handler = opened
          tell({ ready: true })
        },
        (error: unknown) => tell({ ready: false, failure: failureOf(error) }),
      )
      return
    }
    const { id, job } = message
    handler!(job as never).then(
      (answer) => tell({ id, answer }),
      (error: unknown) => tell({ id, failure: failureOf(error) }),
    )
  })
  process.on('disconnect', () => process.exit())
  // Who stops the agent from a terminal sends the signal to all of its processes: the pool says when this one ends.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
}

function failureOf(error: unknown): Failure {
  const message = describeError(error)
  if (!(error instanceof MillwrightError)) return { message }
  return { message, code: error.code, ...(error.remedy !== undefined && { remedy: error.remedy }) }
}
