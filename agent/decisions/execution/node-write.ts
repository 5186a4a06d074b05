import { isSame, type Writable } from '../../../connectors/opcua/writable.ts'
import type { OpcuaWriter } from '../../../connectors/opcua/writer.ts'
import { describeError, type ExecutionEvent, MillwrightError } from '../../core/index.ts'
import type { Decision } from '../book.ts'

/** What the outcome of a write says. */
export type Outcome = Pick<ExecutionEvent, 'step' | 'read' | 'detail'>

/** A node may take a few cycles of its PLC until it reads back, ms; looked at so often, ms. */
const settles = 2_000
const lookEvery = 100
/** Pause where the server cannot be had, ms. */
const awayEvery = 1_000

/**
 * What became of a write, by reading back alone: never by writing again. Where the server is away it waits until it is back,
 * however long; undefined where `signal` aborts before. `trouble`: what went wrong with the write, in words.
 */
export async function readBack(
  writer: Pick<OpcuaWriter, 'read'>,
  { value, previous, target, readBack: from }: Pick<Decision, 'value' | 'previous' | 'target' | 'readBack'>,
  trouble: string | undefined,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const node = from ?? target!.at
  let deadline: number | undefined
  while (!signal.aborted) {
    let read: Writable | null
    try {
      read = await writer.read(node)
    } catch (error) {
      if (isRefusal(error)) return { step: 'unknown', detail: `${trouble ?? 'written'}; it cannot be read back: ${describeError(error)}` } // prettier-ignore
      deadline = undefined
      await pause(awayEvery, signal)
      continue
    }
    if (isSame(read, value!)) {
      const before = previous !== undefined && isSame(previous, value!) ? 'it held that before as well' : 'it reads back as written' // prettier-ignore
      return { step: 'confirmed', ...(read !== null && { read }), detail: trouble === undefined ? '' : `${trouble}; ${before}` } // prettier-ignore
    }
    deadline ??= performance.now() + settles
    if (performance.now() >= deadline) return { step: 'failed', ...(read !== null && { read }), detail: `${trouble === undefined ? '' : `${trouble}; `}${node} reads ${String(read)}, not ${String(value)}` } // prettier-ignore
    await pause(lookEvery, signal)
  }
  return undefined
}

/** The far side has answered, and will not do it. */
export function isRefusal(error: unknown): boolean {
  return error instanceof MillwrightError && (error.code === 'DELIVERY_DENIED' || error.code === 'DELIVERY_BUSY')
}

/** Waits, no longer than until `signal` aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}
