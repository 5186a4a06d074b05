/** A tensor that is learned, row-major. */
export interface Parameter {
  readonly name: string
  readonly shape: readonly number[]
  readonly values: Float32Array
  /** Whether weight decay applies; not to gains and biases. */
  readonly decays: boolean
}

export interface Schedule {
  /** Learning rate and first moment's decay at a step. */
  at(step: number): { readonly rate: number; readonly momentum: number }
}

/**
 * One cycle over `steps`: the learning rate rises over the first 30 % to `highest` and falls to almost nothing, both by a
 * cosine, while the momentum goes the other way. Source: Smith and Topin (2018), "Super-convergence".
 */
export function oneCycle(highest: number, steps: number): Schedule {
  const top = Math.max(1, Math.round(steps * 0.3))
  const between = (from: number, to: number, share: number) => to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2
  return {
    at: (step) => {
      const rising = step < top
      const share = rising ? step / top : Math.min(1, (step - top) / Math.max(1, steps - 1 - top))
      return rising
        ? { rate: between(highest / 25, highest, share), momentum: between(0.95, 0.85, share) }
        : { rate: between(highest, highest / 25e4, share), momentum: between(0.85, 0.95, share) }
    },
  }
}

const squareDecay = 0.999
const smallest = 1e-8

/** Adam with decoupled weight decay, on plain arrays. Source: Loshchilov and Hutter (2019). */
export class AdamW {
  readonly #parameters: readonly Parameter[]
  readonly #schedule: Schedule
  readonly #weightDecay: number
  readonly #first: readonly Float32Array[]
  readonly #second: readonly Float32Array[]
  #step = 0
  /** Products of the momenta so far: their bias correction, since the momentum moves. */
  #kept = 1

  constructor(parameters: readonly Parameter[], schedule: Schedule, weightDecay: number) {
    this.#parameters = parameters
    this.#schedule = schedule
    this.#weightDecay = weightDecay
    this.#first = parameters.map(({ values }) => new Float32Array(values.length))
    this.#second = parameters.map(({ values }) => new Float32Array(values.length))
  }

  /** Changes the parameters by one step along their gradients, given in the same order. */
  step(gradients: readonly Float32Array[]): void {
    const { rate, momentum } = this.#schedule.at(this.#step++)
    this.#kept *= momentum
    const size = rate / (1 - this.#kept)
    const correction = 1 / (1 - squareDecay ** this.#step)
    this.#parameters.forEach(({ values, decays }, index) => {
      const keep = decays ? 1 - rate * this.#weightDecay : 1
      const gradient = gradients[index]
      const first = this.#first[index]
      const second = this.#second[index]
      for (let i = 0; i < values.length; i++) {
        const slope = gradient[i]
        first[i] = momentum * first[i] + (1 - momentum) * slope
        second[i] = squareDecay * second[i] + (1 - squareDecay) * slope * slope
        values[i] = values[i] * keep - (size * first[i]) / (Math.sqrt(second[i] * correction) + smallest)
      }
    })
  }
}
