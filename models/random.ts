/** A repeatable stream of random numbers. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number
  /** Uniform integer in [0, below). */
  integer(below: number): number
  /** Standard normal. */
  normal(): number
}

/** The same seed gives the same numbers. Source: "sfc32", C. Doty-Humphrey, PractRand. */
export function seededRandom(seed: number): Random {
  let a = seed | 0
  let b = Math.imul(seed + 1, 0x9e3779b1)
  let c = ~seed
  let counter = 1
  const uniform = (): number => {
    const sum = (a + b + counter++) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }
  for (let i = 0; i < 16; i++) uniform()
  return {
    uniform,
    integer: (below) => Math.floor(uniform() * below),
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  }
}

/** The numbers 0 to `length` - 1 in a random order (Fisher and Yates). */
export function shuffled(length: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length }, (_, i) => i)
  for (let i = length - 1; i > 0; i--) {
    const j = random.integer(i + 1)
    ;[order[i], order[j]] = [order[j], order[i]]
  }
  return order
}
