import { defer, map } from 'rxjs'
import { type Batch, type Operator, type OperatorContext, Quality, selectRows } from '../core/index.ts'

/**
 * An operator that makes one batch of each batch. `start` makes the state of one subscription and returns what handles
 * a batch. A batch with no rows is a tick and passes.
 */
export function eachBatch(start: () => (batch: Batch) => Batch): Operator {
  return (source) =>
    defer(() => {
      const handle = start()
      return source.pipe(map((batch) => (batch.length === 0 ? batch : handle(batch))))
    })
}

/** Counts what an operator did to a batch: call it once a batch and change. */
export function countChanges(context: OperatorContext, change: string, rows: number): void {
  if (rows > 0) context.metrics.count('operator_changes_total', rows, { operator: context.name, change })
}

/** A batch whose values and qualities are being changed; each column is copied when it is first asked for. */
export class Draft {
  readonly #batch: Batch
  #values: Float64Array | undefined
  #qualities: Uint8Array | undefined

  constructor(batch: Batch) {
    this.#batch = batch
  }

  /** The values, to be written. A row that gets another one is no exact 64-bit integer any more. */
  values(): Float64Array {
    return (this.#values ??= this.#batch.value.slice())
  }

  /** The qualities, to be written. */
  qualities(): Uint8Array {
    return (this.#qualities ??= this.#batch.quality.slice())
  }

  /** The changed batch; the batch itself where no column was asked for. */
  finish(): Batch {
    const batch = this.#batch
    if (!this.#values && !this.#qualities) return batch
    const exact = this.#values && batch.exact ? this.#stillExact(this.#values, batch.exact) : batch.exact
    return {
      ...batch,
      value: this.#values ?? batch.value,
      quality: this.#qualities ?? batch.quality,
      ...(exact && { exact }),
    }
  }

  #stillExact(values: Float64Array, exact: BigInt64Array): BigInt64Array {
    const still = exact.slice()
    for (let row = 0; row < still.length; row++) if (values[row] !== this.#batch.value[row]) still[row] = 0n
    return still
  }
}

/**
 * Keeps some rows of a batch: write their numbers, ascending, into `room(batch)`, and say how many they are. One per
 * subscription; its memory is used again.
 */
export class Sieve {
  #rows = new Uint32Array(0)

  room(batch: Batch): Uint32Array {
    if (this.#rows.length < batch.length) this.#rows = new Uint32Array(batch.length)
    return this.#rows
  }

  /** A batch of the first `kept` rows noted; the batch itself where that is all of it. */
  finish(batch: Batch, kept: number): Batch {
    return kept === batch.length ? batch : selectRows(batch, this.#rows.subarray(0, kept))
  }
}

/** Collects rows of a batch and rows made between them. One per subscription; its memory is used again. */
export class Weave {
  #capacity = 0
  #tag = new Uint32Array(0)
  #time = new Float64Array(0)
  #value = new Float64Array(0)
  #quality = new Uint8Array(0)
  #exact = new BigInt64Array(0)
  #length = 0

  /** Begins with the first `rows` rows of a batch: those before the first change. */
  start(batch: Batch, rows: number): this {
    if (this.#capacity < batch.length) this.#grow(batch.length)
    this.#tag.set(batch.tag.subarray(0, rows))
    this.#time.set(batch.time.subarray(0, rows))
    this.#value.set(batch.value.subarray(0, rows))
    this.#quality.set(batch.quality.subarray(0, rows))
    if (batch.exact) {
      this.#exact.fill(0n)
      this.#exact.set(batch.exact.subarray(0, rows))
    }
    this.#length = rows
    return this
  }

  /** Takes over a row as it is. */
  copy(batch: Batch, row: number): void {
    const at = this.#append(batch.tag[row], batch.time[row], batch.value[row], batch.quality[row])
    if (batch.exact) this.#exact[at] = batch.exact[row]
  }

  /** Adds a row of the operator's own. */
  add(tag: number, time: number, value: number, quality: number): void {
    this.#append(tag, time, value, quality)
  }

  /** The collected rows. */
  finish(batch: Batch): Batch {
    const length = this.#length
    return {
      ...batch,
      length,
      tag: this.#tag.slice(0, length),
      time: this.#time.slice(0, length),
      value: this.#value.slice(0, length),
      quality: this.#quality.slice(0, length),
      ...(batch.exact && { exact: this.#exact.slice(0, length) }),
    }
  }

  #append(tag: number, time: number, value: number, quality: number): number {
    if (this.#length === this.#capacity) this.#grow(this.#length + 1)
    const at = this.#length++
    this.#tag[at] = tag
    this.#time[at] = time
    this.#value[at] = value
    this.#quality[at] = quality
    return at
  }

  #grow(atLeast: number): void {
    const capacity = Math.max(1024, atLeast, this.#capacity * 2)
    const wider = <T extends { set(from: T): void }>(to: T, from: T): T => (to.set(from), to)
    this.#tag = wider(new Uint32Array(capacity), this.#tag)
    this.#time = wider(new Float64Array(capacity), this.#time)
    this.#value = wider(new Float64Array(capacity), this.#value)
    this.#quality = wider(new Uint8Array(capacity), this.#quality)
    this.#exact = wider(new BigInt64Array(capacity), this.#exact)
    this.#capacity = capacity
  }
}

/** Whether a row holds a number to work with: finite and not bad. */
export function isUsable(value: number, quality: number): boolean {
  return quality !== Quality.bad && value - value === 0
}
