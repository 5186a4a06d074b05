import {
  DeliveryError,
  type Entry,
  type InHand,
  type Rejection,
  type Sink,
  describeError,
  isSuspect,
  keyOfEntries,
  mostEnds,
} from '../core/index.ts'

/** What is written may have ended the process before: alone, it did so twice. */
export class Quarantined extends DeliveryError {
  constructor() {
    super('DELIVERY_REJECTED', `the agent ended ${mostEnds} times while the sink wrote this`)
  }
}

/** Writes to a sink, one write at a time, and waits no longer for it than the stop allows, whatever it makes of its signal. */
export class Writer {
  readonly #sink: Sink
  /** Gives up the write under way. */
  readonly #abandon: AbortSignal
  readonly #inHand: InHand | undefined
  readonly #part: string
  #writing: Promise<unknown> = Promise.resolve()

  /** `part`: under which what is written is marked. */
  constructor(sink: Sink, abandon: AbortSignal, inHand: InHand | undefined, part: string) {
    this.#sink = sink
    this.#abandon = abandon
    this.#inHand = inHand
    this.#part = part
  }

  /** Begins when the write before has ended. Resolves and rejects as the sink does. */
  write(entries: readonly Entry[]): Promise<readonly Rejection[]> {
    const signal = this.#abandon
    const before = this.#writing
    const written = new Promise<readonly Rejection[]>((resolve, reject) => {
      const abandon = () => reject(new DeliveryError('DELIVERY_UNREACHABLE', 'stopped before the far side answered'))
      signal.addEventListener('abort', abandon, { once: true })
      before
        .then(() => this.#begin(entries, signal))
        .then(resolve, reject)
        .finally(() => signal.removeEventListener('abort', abandon))
    })
    this.#writing = written.catch(() => undefined)
    return written
  }

  /** Marked as long as the sink encodes; not while it waits for the far side. */
  #begin(entries: readonly Entry[], signal: AbortSignal): Promise<readonly Rejection[]> {
    const inHand = this.#inHand
    if (!inHand) return this.#sink.write(entries, signal)
    const isOneOfThem = entries.length > 1 && isSuspect(entries, inHand.suspects(this.#part))
    if (isOneOfThem || !inHand.take(this.#part, keyOfEntries(entries))) throw new Quarantined()
    try {
      return this.#sink.write(entries, signal)
    } finally {
      inHand.done(this.#part)
    }
  }

  /**
   * Writes what was put aside once more; resolves with what is refused again. An entry that the far side refuses as a whole is
   * found by writing them one by one. Rejects with a DeliveryError where the far side cannot take anything now.
   */
  async resend(entries: readonly Entry[]): Promise<readonly Rejection[]> {
    try {
      return (await this.write(entries)).filter(({ overwritten }) => !overwritten)
    } catch (error) {
      if (!(error instanceof DeliveryError) || error.retryable) throw error
      const [entry] = entries
      if (entries.length === 1) return [{ entry, detail: describeError(error) }]
      const rejections: Rejection[] = []
      for (const one of entries) rejections.push(...(await this.resend([one])))
      return rejections
    }
  }
}
