import { between, piece, strength, type Canvas } from './synthetic-canvas.ts'

/** Something is not there: a piece is filled from its own borders. */
export function missing(canvas: Canvas): void {
  const { width, channels, pixels, mask } = canvas
  const at = piece(canvas)
  const [right, bottom] = [at.left + at.width - 1, at.top + at.height - 1]
  const before = pixels.slice()
  const pixel = (x: number, y: number, c: number) => before[(y * width + x) * channels + c]
  for (let y = at.top; y <= bottom; y++) {
    for (let x = at.left; x <= right; x++) {
      const [u, v] = [(x - at.left) / (at.width - 1), (y - at.top) / (at.height - 1)]
      for (let c = 0; c < channels; c++) {
        const across = (1 - u) * pixel(at.left, y, c) + u * pixel(right, y, c)
        const along = (1 - v) * pixel(x, at.top, c) + v * pixel(x, bottom, c)
        pixels[(y * width + x) * channels + c] = Math.round((across + along) / 2)
      }
      mask[y * width + x] = 1
    }
  }
}

/** The part itself is pushed in from one side, in one place. */
export function dented(canvas: Canvas): void {
  const { random, width, height } = canvas
  const [cx, cy] = [random.uniform() * width, random.uniform() * height]
  const radius = between(random, 0.08, 0.25) * width
  const push = radius * between(random, 0.2, 0.5)
  const angle = random.uniform() * 2 * Math.PI
  const [dx, dy] = [push * Math.cos(angle), push * Math.sin(angle)]
  warp(canvas, (x, y) => {
    const inside = 1 - ((x - cx) ** 2 + (y - cy) ** 2) / radius ** 2
    return inside <= 0 ? undefined : [x + dx * inside * inside, y + dy * inside * inside]
  })
}

/** The whole part is bent, or longer than it should be. */
export function shape(canvas: Canvas): void {
  const { random, width, height } = canvas
  const amplitude = between(random, 0.015, 0.05) * width * (random.uniform() < 0.5 ? -1 : 1)
  const phase = random.uniform() * 2 * Math.PI
  const longer = 1 + between(random, -0.08, 0.08)
  const bent = random.uniform() < 0.5
  warp(canvas, (x, y) =>
    bent
      ? [x + amplitude * Math.sin((Math.PI * y) / height + phase), y]
      : [width / 2 + (x - width / 2) / longer, height / 2 + (y - height / 2) * longer],
  )
}

/** Another colour of the same brightness, in one place. */
export function colour(canvas: Canvas): void {
  const { width, channels, pixels, mask } = canvas
  const at = piece(canvas)
  const change = strength(canvas)
  // Luma of Rec. 601 stays: what red gains, green loses.
  const shares = [change, (-change * 0.299) / 0.587, 0]
  for (let y = at.top; y < at.top + at.height; y++) {
    for (let x = at.left; x < at.left + at.width; x++) {
      const place = y * width + x
      for (let c = 0; c < channels; c++) pixels[place * channels + c] = bounded(pixels[place * channels + c] + shares[c]) // prettier-ignore
      mask[place] = 1
    }
  }
}

/** The grain of the whole surface is finer, rougher, weaker or stronger. */
export function texture(canvas: Canvas): void {
  const { random, pixels, mask, contrast, width } = canvas
  const smooth = blurred(canvas, Math.max(1, Math.round(0.02 * width)))
  const weaker = random.uniform() < 0.5
  const gain = weaker ? between(random, 0, 0.6) : between(random, 1.5, 2.5)
  const grain = weaker ? 0 : contrast * between(random, 0, 0.15)
  for (let i = 0; i < pixels.length; i++) {
    pixels[i] = bounded(smooth[i] + (pixels[i] - smooth[i]) * gain + grain * random.normal())
  }
  mask.fill(1)
}

/** Light from one side, more or less of it. */
export function illumination(canvas: Canvas): void {
  const { random, pixels, mask, width, height, channels } = canvas
  const angle = random.uniform() * 2 * Math.PI
  const [tilt, level] = [strength(canvas), 0.5 * strength(canvas)]
  for (let place = 0; place < mask.length; place++) {
    const [x, y] = [(place % width) / width - 0.5, Math.floor(place / width) / height - 0.5]
    const change = level + tilt * (x * Math.cos(angle) + y * Math.sin(angle))
    for (let c = 0; c < channels; c++) pixels[place * channels + c] = bounded(pixels[place * channels + c] + change)
  }
  mask.fill(1)
}

/** Out of focus. */
export function blur(canvas: Canvas): void {
  const { random, pixels, mask, width } = canvas
  const radius = Math.max(1, Math.round(between(random, 0.008, 0.03) * width))
  for (let pass = 0; pass < 2; pass++) pixels.set(blurred(canvas, radius))
  mask.fill(1)
}

/** Moves pixels: `from` says where the one at x, y comes from, or undefined where it stays. */
function warp(canvas: Canvas, from: (x: number, y: number) => readonly [number, number] | undefined): void {
  const { width, height, channels, pixels, mask } = canvas
  const before = pixels.slice()
  for (let place = 0; place < mask.length; place++) {
    const source = from(place % width, Math.floor(place / width))
    if (!source) continue
    const x = Math.min(width - 1.001, Math.max(0, source[0]))
    const y = Math.min(height - 1.001, Math.max(0, source[1]))
    const corner = (Math.floor(y) * width + Math.floor(x)) * channels
    const [u, v] = [x % 1, y % 1]
    for (let c = 0; c < channels; c++) {
      const at = corner + c
      const upper = (1 - u) * before[at] + u * before[at + channels]
      const lower = (1 - u) * before[at + width * channels] + u * before[at + (width + 1) * channels]
      pixels[place * channels + c] = Math.round((1 - v) * upper + v * lower)
    }
    if (Math.hypot(source[0] - (place % width), source[1] - Math.floor(place / width)) > 1) mask[place] = 1
  }
}

/** Means over squares of 2 x radius + 1 pixels, fewer at the border. */
function blurred(canvas: Canvas, radius: number): Float32Array {
  const { width, height, channels, pixels } = canvas
  const across = means(Float32Array.from(pixels), radius, { length: width, step: channels }, { length: height, step: width * channels }, channels) // prettier-ignore
  return means(across, radius, { length: height, step: width * channels }, { length: width, step: channels }, channels)
}

interface Axis {
  readonly length: number
  readonly step: number
}

function means(values: Float32Array, radius: number, along: Axis, other: Axis, channels: number): Float32Array {
  const result = new Float32Array(values.length)
  for (let line = 0; line < other.length * channels; line++) {
    const start = Math.floor(line / channels) * other.step + (line % channels)
    let [sum, count] = [0, 0]
    for (let i = 0; i < Math.min(radius, along.length); i++, count++) sum += values[start + i * along.step]
    for (let i = 0; i < along.length; i++) {
      if (i + radius < along.length) [sum, count] = [sum + values[start + (i + radius) * along.step], count + 1]
      if (i - radius - 1 >= 0) [sum, count] = [sum - values[start + (i - radius - 1) * along.step], count - 1]
      result[start + i * along.step] = sum / count
    }
  }
  return result
}

function bounded(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)))
}
