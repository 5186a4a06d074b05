/** Uniform numbers in [0, 1), the same for the same seed (Mulberry32, Ettinger 2017). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** `count` of the numbers 0 to `length` - 1, ascending, drawn without replacement. */
export function drawSorted(length: number, count: number, random: () => number): Uint32Array {
  const drawn = new Uint32Array(count)
  let at = 0
  for (let i = 0; i < length && at < count; i++) {
    if (random() * (length - i) < count - at) drawn[at++] = i
  }
  return drawn
}
