/** What a pool says to one of its processes: with what it works, once, then job by job. */
export type ToProcess = { readonly setup: unknown } | { readonly id: number; readonly job: unknown }

/** An error in plain words, for the other side to make one of. */
export interface Failure {
  readonly message: string
  /** Of a `MillwrightError`. */
  readonly code?: string
  readonly remedy?: string
}

/** What a process answers. */
export type FromProcess =
  | { readonly ready: true }
  | { readonly ready: false; readonly failure: Failure }
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly failure: Failure }
