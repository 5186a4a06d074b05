/** What a receiver tells every 10 ms. */
export interface ReceiverTold {
  /** Samples or, of the bare subscriber, messages so far. */
  readonly received: number
  /** Whether nothing of it is under way any more. */
  readonly idle: boolean
  readonly rejected: number
  readonly time: number
  /** Predictions stored, and the model of the newest one. */
  readonly predictions: number
  readonly model: string
}
