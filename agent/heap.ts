import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** By how much the heap may grow over what was in use after a full collection before the next one, %. */
const growth = 20
/** Size from which on the young generation of an agent at work grows no more, bytes. */
const young = 8 * 2 ** 20
/** ms between two looks at its size. */
const lookEvery = 50

/**
 * Has the garbage of batches collected soon. What the agent holds is small and steady, and what passes through is much:
 * left alone, V8 lets garbage become three times of it where the machine has memory, and a gateway has other uses for that.
 * Takes effect from the next full collection on.
 */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${growth}`)
  const timer = setInterval(() => {
    if (youngGeneration() < young) return
    keepYoungGeneration()
    clearInterval(timer)
  }, lookEvery)
  timer.unref()
}

/**
 * Keeps the young generation as large as it is. It never becomes smaller again while there is work, and loading a program
 * lets it grow to its largest, 32 MB: so this comes before everything else is loaded, `letYoungGenerationGrow` after it.
 */
export function keepYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}

/** Lets the young generation double as it needs to, which is what V8 does by default. */
export function letYoungGenerationGrow(): void {
  setFlagsFromString('--semi-space-growth-factor=2')
}

function youngGeneration(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')!.space_size
}
