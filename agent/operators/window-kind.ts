import type { AssetState } from './window-asset.ts'

/** Takes the windows that close, in order. `before` is the first time that is no longer in the window. */
export type Emit = (state: AssetState, start: number, before: number, end: number) => void

/** Where windows begin and end: on a grid of time, after a number of event times, or at silence. Changes no samples. */
export interface WindowKind {
  /** Whether it needs the distinct event times of the asset. */
  readonly counting: boolean
  /** Whether a window ends with its last sample, so that coverage is a share of samples and not of time. */
  readonly endsWithSample: boolean
  /** ms from one window to the next, where they lie on a grid. */
  readonly step: number | undefined
  /** The asset's first sample has come and moved the watermark. */
  open(state: AssetState): void
  /** Closes what ends by `watermark`. */
  close(state: AssetState, watermark: number, emit: Emit): void
  /** Closes every window that holds a sample. */
  closeAll(state: AssetState, emit: Emit): void
  /** Start of the oldest window that is open or may be revised: older samples matter only as the value that holds. */
  horizon(state: AssetState): number
  /** A sample earlier than others of the asset has come. */
  disturb(state: AssetState, time: number): void
  /** The arrival at which the first window without coverage of a silent asset is due, Infinity where never. */
  uncoveredAt(state: AssetState): number
  /** Closes windows up to the first without coverage. */
  closeUncovered(state: AssetState, emit: Emit): void
}

/** What windows without an end in silence do: nothing. */
export const noUncovered = {
  uncoveredAt: () => Infinity,
  closeUncovered: () => undefined,
} as const
