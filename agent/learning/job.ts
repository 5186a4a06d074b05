/** What the agent tells the training process. */
export interface ProcessJob {
  /** The configuration as text, and the arguments it was loaded with. */
  readonly text: string
  readonly args: readonly string[]
  readonly monitor: string
  /** Offset in `samples` before which the training data end. */
  readonly to: number
  /** Event time from which on windows are used, ms since epoch. */
  readonly since: number
  readonly created: number
  /** Why it is trained, in words. */
  readonly why: string
  /** The version that is active now: its bundle is kept. */
  readonly active?: string
}

/** What it answers. */
export type ProcessAnswer =
  | { readonly progress: number; readonly step: string }
  /** `used`: what it learned from, in words. */
  | { readonly version: string; readonly used: string }
  | { readonly failed: string; readonly remedy?: string; readonly retryable: boolean }
