/** A repeatable stream of random numbers. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number
  /** Standard normal. */
  normal(): number
}

/** The same seed gives the same numbers. Source: "sfc32", C. Doty-Humphrey, PractRand; seeded by hashing the text (FNV-1a). */
export function seededRandom(seed: string): Random {
  let hash = 0x811c9dc5
  for (const character of seed) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193)
  let a = hash
  let b = Math.imul(hash, 0x9e3779b1)
  let c = ~hash
  let counter = 1
  const uniform = (): number => {
    const sum = (a + b + counter++) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }
  for (let i = 0; i < 16; i++) uniform()
  // Box and Muller, 1958; the second number of each pair is not kept, so that every draw costs the same.
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  return { uniform, normal }
}

/** Noise with memory: an Ornstein-Uhlenbeck process of standard deviation 1 that forgets within `timeConstant` seconds. */
export class Drift {
  readonly #random: Random
  readonly #keep: number
  readonly #renew: number
  value = 0

  constructor(random: Random, timeConstant: number, step: number) {
    this.#random = random
    this.#keep = Math.exp(-step / timeConstant)
    this.#renew = Math.sqrt(1 - this.#keep ** 2)
  }

  next(): number {
    return (this.value = this.value * this.#keep + this.#random.normal() * this.#renew)
  }
}
