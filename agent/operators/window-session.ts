import { setRanges } from './window-asset.ts'
import { noUncovered, type WindowKind } from './window-kind.ts'

/**
 * Windows from a sample until no other has come for `gap` ms, cut after `longest` ms. A closed session keeps its bounds:
 * a late sample within them revises it, one between two closed sessions comes too late.
 */
export function sessionWindows(gap: number, longest: number, revise: number): WindowKind {
  const close: WindowKind['close'] = (state, watermark, emit) => {
    const clock = state.clock!
    while (state.next <= watermark) {
      let row = clock.seek(state.lateBefore, state.clockRow)
      if (row === clock.tail) break
      const start = clock.time[row]
      while (
        row + 1 < clock.tail &&
        clock.time[row + 1] - clock.time[row] < gap &&
        clock.time[row + 1] < start + longest
      )
        row++
      const before = Math.min(clock.time[row] + gap, start + longest)
      // More samples can only move its end on: no need to look again before.
      state.next = before
      if (before > watermark) break
      state.lateBefore = before
      state.clockRow = row + 1
      setRanges(state, start, before)
      emit(state, start, before, before)
    }
  }
  return {
    counting: true,
    endsWithSample: false,
    step: undefined,
    open: (state) => {
      state.lateBefore = state.next = -Infinity
    },
    close,
    closeAll: (state, emit) => close(state, Infinity, emit),
    horizon: ({ clock, watermark, lateBefore }) => {
      const open = clock!.find(lateBefore)
      const revisable = watermark.value - revise - longest
      return open < clock!.tail ? Math.min(revisable, clock!.time[open]) : revisable
    },
    disturb: (state) => {
      state.next = -Infinity
    },
    ...noUncovered,
  }
}
