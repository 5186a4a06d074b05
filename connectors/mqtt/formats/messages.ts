import type { Receiver } from './contract.ts'

/** What a message for the agent itself says, as JSON: handed to `take`, or rejected where it is none. */
export function readMessage(
  bytes: Buffer,
  start: number,
  end: number,
  receiver: Receiver,
  take: (root: unknown) => void,
): void {
  let root: unknown
  try {
    root = JSON.parse(bytes.toString('utf8', start, end))
  } catch (error) {
    receiver.reject('malformed', `not JSON: ${(error as Error).message}`)
    return
  }
  take(root)
}
