/** An array that is learned. */
export interface Parameter {
  readonly values: Float32Array
  /** Whether weight decay applies; not to biases. */
  readonly decays: boolean
}

export interface Schedule {
  /** Learning rate, and decay of the first moment, at a step. */
  at(step: number): { readonly rate: number; readonly momentum: number }
}

/** The same rate throughout. */
export function constantRate(rate: number): Schedule {
  return { at: () => ({ rate, momentum: 0.9 }) }
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
      if (step < top) {
        const share = step / top
        return { rate: between(highest / 25, highest, share), momentum: between(0.95, 0.85, share) }
      }
      const share = Math.min(1, (step - top) / Math.max(1, steps - 1 - top))
      return { rate: between(highest, highest / 25e4, share), momentum: between(0.85, 0.95, share) }
    },
  }
}

const squareDecay = 0.999
const smallest = 1e-8

/** Adam with decoupled weight decay, on plain arrays. Source: Loshchilov and Hutter (2019), "Decoupled weight decay". */
export class AdamW {
  readonly #parameters: readonly Parameter[]
  readonly #schedule: Schedule
  readonly #weightDecay: number
  readonly #first: readonly Float32Array[]
  readonly #second: readonly Float32Array[]
  #step = 0
  /** Product of the momenta so far, for the correction of their bias: the momentum moves. */
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
