import { openSession, type OnnxSession } from '../onnx/runtime.ts'
import { networkPixels } from './inspector.ts'
import { imageLength, type ImageSet } from './images.ts'
import type { ImageInput } from './manifest.ts'

/** The numbers of one output for each image, through the runtime as in use: one image at a time. */
export async function runImages(
  session: OnnxSession,
  input: ImageInput,
  set: ImageSet,
  output: string,
  progress?: (share: number) => void,
): Promise<Float32Array[]> {
  const size = imageLength(set)
  const shape = [1, set.channels, set.height, set.width]
  const answers: Float32Array[] = []
  for (let i = 0; i < set.count; i++) {
    const pixels = networkPixels(set.pixels.subarray(i * size, (i + 1) * size), input)
    const outputs = await session.run(input.name, pixels, shape)
    answers.push((outputs[output].data as Float32Array).slice())
    progress?.((i + 1) / set.count)
  }
  return answers
}

/** The same for a trained method. Rejects with a DetectorError where its graph cannot be run. */
export async function runFitted(
  { onnx, input }: { readonly onnx: Uint8Array; readonly input: ImageInput },
  set: ImageSet,
  output: string,
): Promise<Float32Array[]> {
  const session = await openSession(onnx, 'the trained image model')
  try {
    return await runImages(session, input, set, output)
  } finally {
    await session.close()
  }
}

/** Images by true class (rows) and verdict (columns). */
export function confusionMatrix(labels: ArrayLike<number>, answers: readonly Float32Array[], classes: number) {
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  answers.forEach((shares, i) => matrix[labels[i]][shares.indexOf(Math.max(...shares))]++)
  return matrix
}

/** Accuracy, and the mean of the classes' F1: a class counts the same however few its images. Absent classes are left out. */
export function classScores(matrix: readonly (readonly number[])[]): { accuracy: number; macro_f1: number } {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  const hits = sum(matrix.map((row, c) => row[c]))
  const f1 = matrix.flatMap((row, c) => {
    const others = sum(row) + sum(matrix.map((other) => other[c]))
    return sum(row) === 0 ? [] : [(2 * row[c]) / others]
  })
  return { accuracy: hits / sum(matrix.map(sum)), macro_f1: sum(f1) / f1.length }
}

/** Probability that a defective image scores higher than a good one; ties count half (Mann and Whitney). */
export function auroc(good: readonly number[], defective: readonly number[]): number {
  const sorted = [...good.map((score) => ({ score, defect: 0 })), ...defective.map((score) => ({ score, defect: 1 }))]
  sorted.sort((a, b) => a.score - b.score)
  let ranks = 0
  for (let from = 0, to = 0; from < sorted.length; from = to) {
    while (to < sorted.length && sorted[to].score === sorted[from].score) to++
    for (let i = from; i < to; i++) ranks += sorted[i].defect * ((from + to + 1) / 2)
  }
  return (ranks - (defective.length * (defective.length + 1)) / 2) / (good.length * defective.length)
}
