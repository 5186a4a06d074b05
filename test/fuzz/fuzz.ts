import { performance } from 'node:perf_hooks'
import type { Random } from '../../models/random.ts'
import type { Target } from './targets.ts'

/** ms of processor time that one input may take. */
const longest = 1_000
const words = ['{', '}', '[', ']', '"', ':', ',', '=', ' ', '\n', '\\u0000', '\\ud800', 'null', 'NaN', '-', '1e309', '9007199254740993', '__proto__', '.', '\u{1F600}'].map((word) => Buffer.from(word)) // prettier-ignore

/** Changes a seed here and there; the same random numbers give the same input. */
export function mutated(seeds: readonly Uint8Array[], random: Random): Buffer {
  let bytes = Buffer.from(seeds[random.integer(seeds.length)])
  for (let change = 1 + random.integer(4); change > 0; change--) {
    const at = random.integer(bytes.length + 1)
    const end = Math.min(bytes.length, at + random.integer(16))
    const other = seeds[random.integer(seeds.length)]
    const from = random.integer(other.length + 1)
    const put = [
      () => Buffer.of(random.integer(256)),
      () => words[random.integer(words.length)],
      () => Buffer.alloc(0),
      () => Buffer.concat(Array<Buffer>(1 + random.integer(40)).fill(bytes.subarray(at, end))),
      () => Buffer.from(other.subarray(from, from + random.integer(64))),
    ][random.integer(5)]()
    bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(end)])
  }
  return bytes
}

/** Reads an input; what is wrong with that in words, with the input itself, undefined where nothing is. */
export async function trouble(target: Target, input: Buffer): Promise<string | undefined> {
  const before = process.cpuUsage()
  const begun = performance.now()
  let failure: string | undefined
  try {
    await target.read(input)
  } catch (error) {
    failure = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  }
  // A machine that is busy with others is no fault of the decoder.
  if (failure === undefined && performance.now() - begun > longest) {
    const { user, system } = process.cpuUsage(before)
    if ((user + system) / 1_000 > longest) failure = `it took more than ${longest} ms`
  }
  return failure === undefined ? undefined : `${target.name}: ${failure}\n  input, base64: ${input.toString('base64')}`
}
