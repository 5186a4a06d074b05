import { Quality, qualityOfWord } from '../../agent/core/index.ts'

/** How codes of a column say what a value is worth; `words` only, where there are no codes. */
type Coding = 'words' | 'opc-da' | 'opc-ua' | 'valid'

const names =
  /^(quality|qual|q|qc|qcode|quality code|opc quality|status|status ?code|value status|validity|valid|is ?valid|good|flag|qualität|qualitaet|güte|gültig)$/
const ofValid = /valid|good|gültig/i

/** Whether a column is named as one of qualities, as such or for another: `temp_quality`, `temp.q`. Returns the other's name, empty where none is. */
export function qualityName(name: string): string | undefined {
  const own = name.trim().toLowerCase().replace(/[_.]/g, ' ')
  if (names.test(own) || names.test(own.replace(/ \d+$/, ''))) return ''
  const match = /^(.*[^\s_.\-:/([])[\s_.\-:/([]+(quality|qual|q|qc|status|flag|valid|validity)[)\]]?$/i.exec(
    name.trim(),
  )
  return match?.[1]
}

/** How the cells of a column name qualities; undefined where they do not, or where that cannot be told. */
export function qualityCoding(name: string, cells: readonly string[]): Coding | undefined {
  const known = cells.filter((cell) => cell !== '')
  if (known.length === 0) return undefined
  // A status of ok or fault is more often that of a machine than that of a value.
  if (/stat/i.test(name) && !known.every((cell) => /^(good|bad|uncertain)|^\d+$/i.test(cell))) return undefined
  if (known.every((cell) => qualityOfWord(cell) !== undefined)) return 'words'
  const codes = known.filter((cell) => qualityOfWord(cell) === undefined).map(codeOf)
  if (codes.some((code) => Number.isNaN(code))) return undefined
  if (ofValid.test(name) && codes.every((code) => code === 0 || code === 1)) return 'valid'
  if (codes.some((code) => code >= 2 ** 30)) return 'opc-ua'
  return codes.some((code) => code >= 192 && code <= 255) && codes.every((code) => code <= 0xffff)
    ? 'opc-da'
    : undefined
}

function codeOf(cell: string): number {
  return /^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(cell) ? Number(cell) : NaN
}

/** Reads the cells of a quality column. An empty one states nothing, which is good. */
export class QualityCells {
  readonly #coding: Coding
  readonly #good: ReadonlySet<string> | undefined
  readonly #known = new Map<string, Quality>()
  // Most cells say what the one before said.
  #last: Buffer = Buffer.alloc(0)
  #lastQuality: Quality = Quality.good

  /** `good`: the words that mean good, where the configuration says so. */
  constructor(coding: Coding, good?: readonly string[]) {
    this.#coding = coding
    this.#good = good && new Set(good.map((word) => word.toLowerCase()))
  }

  read(bytes: Buffer, from: number, to: number): Quality {
    if (to - from === this.#last.length && this.#last.equals(bytes.subarray(from, to))) return this.#lastQuality
    this.#last = Buffer.from(bytes.subarray(from, to))
    const text = bytes.toString('utf8', from, to)
    let quality = this.#known.get(text)
    if (quality === undefined) {
      quality = this.#of(text.toLowerCase())
      if (this.#known.size < 1000) this.#known.set(text, quality)
    }
    return (this.#lastQuality = quality)
  }

  #of(text: string): Quality {
    if (this.#good) return this.#good.has(text) ? Quality.good : Quality.bad
    if (text === '') return Quality.good
    const word = qualityOfWord(text)
    if (word !== undefined) return word
    const code = codeOf(text)
    if (Number.isNaN(code)) return Quality.uncertain
    if (this.#coding === 'valid') return code === 1 ? Quality.good : Quality.bad
    if (this.#coding === 'opc-ua') return Math.min(Math.floor(code / 2 ** 30), Quality.bad) as Quality
    return (code & 0xc0) === 0xc0 ? Quality.good : (code & 0xc0) === 0x40 ? Quality.uncertain : Quality.bad
  }
}
