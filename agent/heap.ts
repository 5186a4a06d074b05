import { setFlagsFromString } from 'node:v8'

/** By how much the heap may grow over what was in use after a full collection before the next one, %. */
const growth = 20

/**
 * Has the garbage of batches collected soon. What the agent holds is small and steady, and what passes through is much:
 * left alone, V8 lets garbage become three times of it where the machine has memory, and a gateway has other uses for that.
 * Takes effect from the next full collection on.
 */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${growth}`)
}
