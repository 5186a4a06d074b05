/** What a logistic regression learns from: rows [count, columns] with the class and the weight of each. */
export interface LogisticLesson {
  readonly rows: Float32Array
  readonly columns: number
  readonly labels: ArrayLike<number>
  readonly classes: number
  readonly weights: ArrayLike<number>
}

/** Logits are `rows` times `weights` [columns, classes] plus `bias`. */
export interface LogisticModel {
  readonly weights: Float64Array
  readonly bias: Float64Array
  readonly columns: number
  readonly classes: number
}

/** Weight of the sum of squares against the sum of losses: one, as is usual, for columns of deviation one. */
const ridge = 1
const steps = { most: 200, remembered: 8, tolerance: 1e-5 }

/**
 * Multinomial logistic regression with a ridge, columns standardised within. Deterministic. Throws the reason of `signal`.
 * Source: Liu and Nocedal (1989), L-BFGS.
 */
export function fitLogistic(lesson: LogisticLesson, signal?: AbortSignal): LogisticModel {
  const { columns, classes } = lesson
  const { mean, scale } = momentsOf(lesson)
  const rows = Float32Array.from(lesson.rows, (value, at) => (value - mean[at % columns]) / scale[at % columns])
  const length = (columns + 1) * classes
  const point = minimise(new Float64Array(length), (at) => {
    signal?.throwIfAborted()
    return lossOf({ ...lesson, rows }, at)
  })
  const weights = Float64Array.from({ length: columns * classes }, (_, i) => point[i] / scale[Math.floor(i / classes)])
  const bias = point.slice(columns * classes)
  for (let i = 0; i < weights.length; i++) bias[i % classes] -= weights[i] * mean[Math.floor(i / classes)]
  return { weights, bias, columns, classes }
}

/** Probabilities of one row. */
export function probabilitiesOf({ weights, bias, columns, classes }: LogisticModel, row: ArrayLike<number>): number[] {
  const logits = Float64Array.from(bias)
  for (let j = 0; j < columns; j++) for (let c = 0; c < classes; c++) logits[c] += row[j] * weights[j * classes + c]
  return Array.from(softmax(logits))
}

function momentsOf({ rows, columns }: LogisticLesson) {
  const count = rows.length / columns
  const mean = new Float64Array(columns)
  const scale = new Float64Array(columns)
  for (let at = 0; at < rows.length; at++) mean[at % columns] += rows[at] / count
  for (let at = 0; at < rows.length; at++) scale[at % columns] += (rows[at] - mean[at % columns]) ** 2 / count
  return { mean, scale: scale.map((variance) => Math.sqrt(variance) || 1) }
}

/** Loss and its gradient at weights [columns, classes] followed by the bias. */
function lossOf({ rows, columns, labels, classes, weights }: LogisticLesson, point: Float64Array) {
  const gradient = new Float64Array(point.length)
  const offset = columns * classes
  let loss = 0
  const logits = new Float64Array(classes)
  for (let row = 0; row < labels.length; row++) {
    logits.set(point.subarray(offset))
    for (let j = 0, at = row * columns, to = 0; j < columns; j++, at++) {
      for (let c = 0; c < classes; c++, to++) logits[c] += rows[at] * point[to]
    }
    const shares = softmax(logits)
    loss -= weights[row] * Math.log(Math.max(1e-300, shares[labels[row]]))
    shares[labels[row]] -= 1
    for (let c = 0; c < classes; c++) gradient[offset + c] += weights[row] * shares[c]
    for (let j = 0, at = row * columns, to = 0; j < columns; j++, at++) {
      const value = weights[row] * rows[at]
      for (let c = 0; c < classes; c++, to++) gradient[to] += value * shares[c]
    }
  }
  for (let i = 0; i < offset; i++) {
    loss += (ridge / 2) * point[i] ** 2
    gradient[i] += ridge * point[i]
  }
  return { loss, gradient }
}

function softmax(logits: Float64Array): Float64Array {
  const highest = logits.reduce((most, value) => Math.max(most, value), -Infinity)
  const raised = logits.map((value) => Math.exp(value - highest))
  const sum = raised.reduce((total, value) => total + value, 0)
  return raised.map((value) => value / sum)
}

type Objective = (point: Float64Array) => { readonly loss: number; readonly gradient: Float64Array }

function minimise(start: Float64Array, objective: Objective): Float64Array {
  let point = start
  let { loss, gradient } = objective(point)
  const history: { readonly moved: Float64Array; readonly turned: Float64Array }[] = []
  for (let step = 0; step < steps.most && Math.sqrt(dot(gradient, gradient)) > steps.tolerance * start.length; step++) {
    const direction = directionOf(gradient, history)
    const slope = dot(direction, gradient)
    let length = history.length === 0 ? 1 / Math.sqrt(dot(gradient, gradient)) : 1
    let next = shifted(point, direction, length)
    let found = objective(next)
    while (found.loss > loss + 1e-4 * length * slope && length > 1e-10) {
      length /= 2
      next = shifted(point, direction, length)
      found = objective(next)
    }
    if (!(found.loss < loss)) break
    const moved = next.map((value, i) => value - point[i])
    const turned = found.gradient.map((value, i) => value - gradient[i])
    if (dot(moved, turned) > 0) history.push({ moved, turned })
    if (history.length > steps.remembered) history.shift()
    ;[point, loss, gradient] = [next, found.loss, found.gradient]
  }
  return point
}

/** Downhill, by what the last steps said of the curvature. */
function directionOf(gradient: Float64Array, history: readonly { moved: Float64Array; turned: Float64Array }[]) {
  let direction: Float64Array = gradient.map((value) => -value)
  const shares: number[] = []
  for (let i = history.length - 1; i >= 0; i--) {
    const { moved, turned } = history[i]
    shares[i] = dot(moved, direction) / dot(moved, turned)
    direction = shifted(direction, turned, -shares[i])
  }
  const last = history.at(-1)
  const scale = last ? dot(last.moved, last.turned) / dot(last.turned, last.turned) : 1
  direction = direction.map((value) => value * scale)
  history.forEach(({ moved, turned }, i) => {
    direction = shifted(direction, moved, shares[i] - dot(turned, direction) / dot(moved, turned))
  })
  return direction
}

function shifted(point: Float64Array, direction: Float64Array, length: number): Float64Array {
  return point.map((value, i) => value + length * direction[i])
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}
