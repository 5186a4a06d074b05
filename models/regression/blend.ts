import type { Matrix } from '../matrix.ts'
import { joinParts } from '../onnx/graph.ts'
import type { Method, Regressor } from './methods.ts'

/** Several methods as one that tells their mean; one that is named more than once counts as often. */
export function blendOf(members: readonly Method[]): Method {
  const methods = [...new Set(members)]
  const counts = methods.map((method) => members.filter((member) => member === method).length)
  const name = methods.map((method, at) => (counts[at] > 1 ? `${counts[at]} x ${method.name}` : method.name))
  return {
    name: `mean of ${name.join(' + ')}`,
    settings: Object.fromEntries(methods.map((method, at) => [method.name, counts[at]])),
    fit: async (examples, seed, signal) => {
      const fitted: Regressor[] = []
      for (const method of methods) fitted.push(await method.fit(examples, seed, signal))
      return meanOf(fitted, counts)
    },
  }
}

function meanOf(fitted: readonly Regressor[], counts: readonly number[]): Regressor {
  const total = counts.reduce((sum, count) => sum + count, 0)
  return {
    predict: (rows: Matrix) => {
      const sum = new Float64Array(rows.rows)
      fitted.forEach((one, at) => one.predict(rows).forEach((value, row) => (sum[row] += (counts[at] * value) / total)))
      return sum
    },
    part: (input, output) => {
      const names = fitted.map((_, at) => `${output}_${at + 1}`)
      const inputs = names.flatMap((name, at) => Array.from({ length: counts[at] }, () => name))
      const mean = { operator: 'Mean', inputs, outputs: [output] }
      return joinParts(...fitted.map((one, at) => one.part(input, names[at])), { constants: [], steps: [mean] })
    },
    curve: fitted[0].curve,
    backend: fitted.find(({ backend }) => backend !== 'none')?.backend ?? 'none',
  }
}

/** What a method told of the same rows as others. */
export interface Told {
  readonly method: Method
  readonly predicted: Float64Array
}

/** Methods that a mean is made of at most, and the least share by which one more has to lower the error. */
const most = 5
const leastGain = 0.002

/**
 * The methods, some more than once, whose mean is nearest to the truth: begins with the best one and adds whichever helps
 * most while one does. Caruana, Niculescu-Mizil, Crew and Ksikes (2004), "Ensemble selection from libraries of models".
 * `errorOf`: of predictions of the rows that all have told.
 */
export function bestBlend(told: readonly Told[], errorOf: (predicted: Float64Array) => number): Method[] {
  const chosen: Method[] = []
  let sum = new Float64Array(told[0].predicted.length)
  let least = Infinity
  while (chosen.length < most) {
    const tries = told.map(({ method, predicted }) => {
      const next = sum.map((value, row) => value + predicted[row])
      return { method, next, error: errorOf(next.map((value) => value / (chosen.length + 1))) }
    })
    const best = tries.reduce((a, b) => (b.error < a.error ? b : a))
    if (chosen.length > 0 && !(best.error < least * (1 - leastGain))) break
    chosen.push(best.method)
    sum = best.next
    least = best.error
  }
  return chosen
}
