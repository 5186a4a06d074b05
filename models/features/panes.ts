import type { SeriesView, Window } from '../../agent/core/index.ts'
import { Moments } from './moments.ts'

/**
 * Overlapping windows are put together from panes where a window has at least so many, with at least so many samples
 * each on average. Measured on one core, panes against computing anew, at 16 samples: 1.04 times as fast for mean and
 * std in 3 panes, 1.5 in 12; 1.6 and 3.2 for everything. At 8 samples mean and std are slower by a fifth.
 */
const leastPanes = 3
const leastSamples = 16

/** The panes of one role of one asset: pane k is at `k modulo panes.length`. */
interface Kept {
  owner: object
  edition: number
  needs: number
  step: number
  readonly panes: Moments[]
  readonly numbers: Float64Array
}

/**
 * Moments of windows that overlap, from the moments of panes one step long, each computed once. Whether a window is made
 * of panes, and how, depends on the window alone: its moments are the same to the bit whatever came before.
 */
export class Panes {
  readonly #kept: (Kept | undefined)[][] = []

  /** Fills `moments` for the window's `role`. False where the window should be computed as a whole. */
  measure(window: Window, role: number, view: SeriesView, needs: number, moments: Moments): boolean {
    const { step, start, end } = window
    if (step === undefined || !view.owner) return false
    const count = (end - start) / step
    if (count < leastPanes || !Number.isInteger(count) || view.length < count * leastSamples) return false
    const kept = this.#keptFor(window, role, view, needs, step, count)
    moments.clear()
    let from = view.from
    const first = start / step
    for (let k = 0; k < count; k++) {
      const at = (first + k) % count
      const paneStart = start + k * step
      const pane = kept.panes[at]
      if (kept.numbers[at] === paneStart) {
        from += pane.n
      } else {
        const to = paneEnd(view, from, paneStart + step)
        pane.measure(view.times, view.values, from, to, paneStart, needs)
        kept.numbers[at] = paneStart
        from = to
      }
      // Times count from the pane's start; the window's moments count from its own.
      const { meanTime } = pane
      pane.meanTime += k * step
      moments.merge(pane, needs)
      pane.meanTime = meanTime
    }
    return true
  }

  #keptFor(window: Window, role: number, view: SeriesView, needs: number, step: number, count: number): Kept {
    const roles = (this.#kept[window.asset.index] ??= [])
    let kept = roles[role]
    const fits =
      kept?.owner === view.owner && kept?.needs === needs && kept.step === step && kept.panes.length === count
    if (!kept || !fits) {
      const panes = Array.from({ length: count }, () => new Moments())
      const numbers = new Float64Array(count).fill(NaN)
      roles[role] = kept = { owner: view.owner!, edition: view.edition, needs, step, panes, numbers }
    } else if (kept.edition !== view.edition) {
      kept.edition = view.edition
      kept.numbers.fill(NaN)
    }
    return kept
  }
}

function paneEnd(view: SeriesView, from: number, before: number): number {
  let row = from
  while (row < view.to && view.times[row] < before) row++
  return row
}
