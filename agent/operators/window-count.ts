import { setRanges } from './window-asset.ts'
import { nextUp } from './window-column.ts'
import { Dirty } from './window-late.ts'
import { noUncovered, type WindowKind } from './window-kind.ts'

/**
 * Windows of the last `count` event times of the asset, one every `step` of them. A window ends with its last event time
 * and closes when the watermark has passed it. A late event time joins the windows around it and makes none of its own.
 */
export function countWindows(count: number, step: number, revise: number): WindowKind {
  const close: WindowKind['close'] = (state, watermark, emit) => {
    const clock = state.clock!
    let row = clock.seek(state.lateBefore, state.clockRow)
    for (; row < clock.tail && clock.time[row] < watermark; row++) {
      const end = clock.time[row]
      state.lateBefore = nextUp(end)
      state.seen++
      if (state.seen < count || (state.seen - count) % step !== 0) continue
      const start = clock.time[row - count + 1]
      setRanges(state, start, state.lateBefore)
      emit(state, start, state.lateBefore, end)
    }
    state.clockRow = row
  }
  return {
    counting: true,
    endsWithSample: true,
    step: undefined,
    open: (state) => {
      state.lateBefore = -Infinity
    },
    close,
    closeAll: (state, emit) => close(state, Infinity, emit),
    horizon: ({ clock, watermark, lateBefore }) => {
      const row = clock!.find(Math.min(watermark.value - revise, lateBefore)) - count
      return row < clock!.head ? -Infinity : clock!.time[row]
    },
    disturb: (state, time) => {
      const { closed } = state
      const clock = state.clock!
      for (let row = closed.tail - 1; row >= closed.head && closed.before[row] > time; row--) {
        if (closed.start[row] > time) continue
        closed.start[row] = clock.time[Math.max(clock.head, clock.find(closed.before[row]) - count)]
        const revisable = closed.before[row] >= state.watermark.value - revise || closed.dirty[row] > 0
        if (revisable) closed.dirty[row] = Dirty.samples
      }
    },
    ...noUncovered,
  }
}
