import { encodeMessages, type EncodedMessages } from '../../support/publisher.ts'
import { assets, roles, topicOf, valueAt } from './plant.ts'

/** Stands for a time until there is one. */
const placeholder = 1_000_000_000_000

/**
 * Messages of the whole plant, encoded once, into which only the times are written before they are sent: the publisher
 * must never be what limits. A round is one message of every signal.
 */
export class Template {
  readonly messages: number
  /** Different times in it. */
  readonly times: number
  readonly #bytes: Buffer
  /** Where the digits of a time stand, in order of place. */
  readonly #places: Uint32Array
  /** Which of the times it is. */
  readonly #slots: Uint8Array

  /**
   * @param qos 0 or 1
   * @param rounds how many messages of every signal
   * @param samples samples a message: one as JSON of 100 bytes, more as a list of pairs [ts, value]
   * @param first step of the plant at which its values begin
   * @param some the assets
   */
  constructor(qos: 0 | 1, rounds: number, samples: number, first: number, some: readonly number[] = everyAsset) {
    const list = [...payloads(rounds, samples, first, some)]
    const { bytes, messages } = encodeMessages(list, qos)
    this.#bytes = bytes
    this.messages = messages
    this.times = rounds * samples
    const places: number[] = []
    const needle = Buffer.from('100000000')
    for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 13)) places.push(at)
    this.#places = Uint32Array.from(places)
    this.#slots = Uint8Array.from(places, (at) => Number(bytes.toString('latin1', at, at + 13)) - placeholder)
  }

  /** A copy with times from `time` on, a whole number of ms, `step` ms apart. */
  at(time: number, step: number): EncodedMessages {
    const bytes = Buffer.from(this.#bytes)
    const digits = Array.from({ length: this.times }, (_, slot) => String(time + slot * step))
    for (let i = 0; i < this.#places.length; i++) bytes.write(digits[this.#slots[i]], this.#places[i], 13, 'latin1')
    return { bytes, messages: this.messages }
  }
}

const everyAsset = Array.from({ length: assets }, (_, asset) => asset)

function* payloads(rounds: number, samples: number, first: number, some: readonly number[]) {
  for (let round = 0; round < rounds; round++) {
    for (const asset of some) {
      for (let role = 0; role < roles.length; role++) {
        const at = round * samples
        const value = (i: number) => valueAt(asset, role, first + at + i)
        const payload =
          samples === 1
            ? single(placeholder + at, value(0))
            : JSON.stringify(Array.from({ length: samples }, (_, i) => [placeholder + at + i, value(i)]))
        yield { topic: topicOf(asset, role), payload }
      }
    }
  }
}

/** JSON of 100 bytes with one sample. */
function single(ts: number, value: number): string {
  const text = JSON.stringify({ ts, value, unit: 'mm/s', quality: 'good', remark: '' })
  return text.replace('"remark":""', `"remark":"${'x'.repeat(Math.max(0, 100 - text.length))}"`)
}
