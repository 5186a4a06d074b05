import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** By how much the heap may grow over what was in use after a full collection before the next one, %. */
const growth = 20
/** Size from which on the young generation of an agent at work grows no more, bytes. */
const young = 8 * 2 ** 20
/** Objects that are allocated at most to make it grow. */
const mostObjects = 2_000_000

/**
 * Has the garbage of batches collected soon. What the agent holds is small and steady, and what passes through is much:
 * left alone, V8 lets garbage become three times of it where the machine has memory, and a gateway has other uses for that.
 * Takes effect from the next full collection on.
 */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${growth}`)
}

/**
 * Keeps the young generation as large as it is, 2 MB at the start of a program. It never becomes smaller while there is
 * work, and loading alone would let it grow to its largest, 32 MB.
 */
export function keepYoungGeneration(): void {
  setYoungGrowth(1)
}

/** Lets the young generation double as it needs to, which is what V8 does by default. */
export function letYoungGenerationGrow(): void {
  setYoungGrowth(2)
}

/** Makes the young generation as large as an agent at work needs it, and keeps it there. It grows by what survives in it. */
export function sizeYoungGeneration(): void {
  setYoungGrowth(4)
  const survivors: object[] = []
  while (survivors.length < mostObjects && youngGeneration() < young) {
    for (let i = 0; i < 10_000; i++) survivors.push([i])
  }
  keepYoungGeneration()
}

function setYoungGrowth(factor: number): void {
  setFlagsFromString(`--semi-space-growth-factor=${factor}`)
}

function youngGeneration(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')!.space_size
}
