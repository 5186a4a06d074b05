import { heldUntil, newestSample, nextSample, setRanges, type AssetState } from './window-asset.ts'
import type { WindowKind } from './window-kind.ts'

/**
 * How many windows in a row with held values only are emitted: after that, the rest of a silence is skipped, so that a
 * week without changes does not become sixty thousand windows at once.
 */
export const longestHeldRun = 60

/**
 * Windows of `length` ms whose ends are the multiples of `step` since the epoch. Windows without a sample are emitted
 * while a value holds (`longestHeldRun` at most), and the first without any coverage; the rest of a gap is skipped.
 */
export function timeWindows(length: number, step: number, revise: number, lateness: number): WindowKind {
  /** The first end after `time`. */
  const endAfter = (time: number) => Math.floor(time / step) * step + step
  /** The end of the first window that begins at `time` or later. */
  const endFrom = (time: number) => Math.ceil((time + length) / step) * step

  const close: WindowKind['close'] = (state, watermark, emit) => {
    while (state.next <= watermark) {
      const before = state.next
      const start = before - length
      if (setRanges(state, start, before)) {
        state.heldRun = 0
        state.uncovered = false
      } else {
        const until = heldUntil(state, before, length)
        const held = until > start
        if (held ? state.heldRun >= longestHeldRun : state.uncovered) {
          skip(state, watermark, held && !state.uncovered ? until : Infinity)
          continue
        }
        if (held) state.heldRun++
        else state.uncovered = true
      }
      emit(state, start, before, before)
      state.next += step
    }
    state.lateBefore = state.next - step
  }

  /** Goes on to the next window with a sample, or to the first that begins after `until`. */
  const skip = (state: AssetState, watermark: number, until: number) => {
    const sample = nextSample(state, state.next)
    const next = Math.min(endAfter(watermark), sample === Infinity ? Infinity : endAfter(sample), endFrom(until))
    state.next = Math.max(state.next + step, next)
  }

  const uncoveredEnd = (state: AssetState) => Math.max(state.next, endFrom(heldUntil(state, Infinity, length)))

  return {
    counting: false,
    endsWithSample: false,
    step,
    open: (state) => {
      state.next = endAfter(state.watermark.value)
      state.lateBefore = state.next - step
    },
    close,
    closeAll: (state, emit) => close(state, Math.floor((newestSample(state) + length) / step) * step, emit),
    horizon: ({ watermark }) => watermark.value - revise - length,
    disturb: (state, time) => {
      const expired = state.watermark.value - revise
      const { closed } = state
      const last = Math.min(state.lateBefore, Math.floor((time + length) / step) * step)
      let row = closed.tail
      for (let end = last; end > time && end >= expired; end -= step) {
        while (row > closed.head && closed.before[row - 1] > end) row--
        const known = row > closed.head && closed.before[row - 1] === end
        if (!known) row -= closed.insert(row, end - length, end, expired)
      }
    },
    uncoveredAt: (state) => {
      const end = state.uncovered ? Infinity : uncoveredEnd(state)
      const { time, arrival } = state.watermark.newest
      return arrival + end - time + lateness
    },
    closeUncovered: (state, emit) => close(state, uncoveredEnd(state), emit),
  }
}
