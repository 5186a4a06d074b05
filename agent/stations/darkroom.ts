import { Hold } from './images/image-hold.ts'

/** Pictures that are made at a time; decoding waits for threads of its own. */
const atOnce = 2
/** Pictures that may wait. */
const mostWaiting = 256
/** Bytes of finished pictures, for whoever looks next. */
const mostBytes = 16e6

/** Makes pictures when somebody looks, a few at a time, and keeps the newest. */
export class Darkroom {
  readonly #done = new Hold<Uint8Array>(mostBytes, ({ length }) => length)
  readonly #underWay = new Map<string, Promise<Uint8Array>>()
  readonly #waiting: (() => void)[] = []
  #busy = 0

  /** The picture of that name, made by `make` where there is none yet. `busy`: too many wait. Rejects as `make` does. */
  async picture(name: string, make: () => Promise<Uint8Array>): Promise<Uint8Array | 'busy'> {
    const done = this.#done.get(name) ?? this.#underWay.get(name)
    if (done) return done
    if (this.#waiting.length >= mostWaiting) return 'busy'
    const making = this.#turn(make)
    this.#underWay.set(name, making)
    try {
      const picture = await making
      this.#done.set(name, picture)
      return picture
    } finally {
      this.#underWay.delete(name)
    }
  }

  async #turn(make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    if (this.#busy >= atOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#busy++
    try {
      return await make()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#busy--
    }
  }
}
