import type { ConnectorContext, Entry, Rejection, Sink } from '../../agent/core/index.ts'
import type { Body } from './body.ts'
import { Client, type Answer } from './client.ts'
import type { Settings } from './config.ts'
import { PointEncoder } from './points.ts'
import { createTarget } from './setup.ts'
import { remedyOf, suspicion } from './refusal.ts'
import { judge } from './verdict.ts'

/** Far below what InfluxDB takes (25 MB in 1.x), and small enough to be compressed and sent in a moment. */
const largestBody = 4_000_000

/** One call of `write`: what it delivers, and what the server refused so far. */
interface Delivery {
  readonly entries: readonly Entry[]
  readonly rejected: Rejection[]
  readonly signal: AbortSignal
}

/**
 * Writes results to InfluxDB as line protocol. Each line that the server will never accept is found and handed back with
 * the server's words, all others are delivered; every other failure is a DeliveryError, and all is to be written again.
 */
export class InfluxSink implements Sink {
  readonly linger: number
  readonly placesByTime = true
  readonly #settings: Settings
  readonly #client: Client
  readonly #encoder: PointEncoder

  constructor(settings: Settings, context: ConnectorContext) {
    const { measurements, content, batch, linger } = settings
    this.linger = linger
    const { site, tags } = context
    this.#settings = settings
    this.#client = new Client(settings)
    this.#encoder = new PointEncoder({
      ...{ site, tags, measurements, content },
      maxLines: batch,
      maxBytes: largestBody,
    })
  }

  async write(entries: readonly Entry[], signal: AbortSignal): Promise<readonly Rejection[]> {
    const { lists, rejected } = this.#encoder.encode(entries)
    const delivery: Delivery = { entries, rejected: [...rejected], signal }
    const outcomes = await Promise.allSettled(lists.map((bodies) => this.#sendAll(bodies, delivery)))
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
    return delivery.rejected
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  /** One after the other: a later line of a series must not be overtaken by an earlier one. */
  async #sendAll(bodies: readonly Body[], delivery: Delivery): Promise<void> {
    for (const body of bodies) await this.#send(body, delivery)
  }

  async #send(body: Body, delivery: Delivery, mayCreate = true): Promise<void> {
    if (body.length === 0) return
    const answer = await this.#client.post(body.bytes, delivery.signal)
    const verdict = judge(answer, this.#settings)
    switch (verdict.kind) {
      case 'delivered':
        break
      case 'failed':
        throw verdict.error
      case 'missing':
        if (!mayCreate || this.#settings.version !== 1 || !this.#settings.create) throw verdict.error
        await createTarget(this.#settings)
        await this.#send(body, delivery, false)
        break
      case 'too large':
        this.#encoder.limit(Math.floor(body.bytes.length / 2))
        if (body.length > 1) await this.#sendAll(halves(body), delivery)
        else refuse(body, delivery, `too large for the server: ${body.bytes.length} bytes`)
        break
      case 'bad lines':
        await this.#sift(body, answer, delivery)
    }
  }

  /** Finds the lines that the server will not take, with as few requests as its words allow, and delivers the others. */
  async #sift(body: Body, { refused, words }: Answer, delivery: Delivery): Promise<void> {
    if (body.length === 1 || droppedAll(body, words)) {
      refuse(body, delivery, refused?.get(0) ?? words)
      return
    }
    const [named, unnamed] = body.split((line) => refused?.has(line) ?? false)
    if (named.length > 0) {
      for (let line = 0; line < body.length; line++) {
        const detail = refused?.get(line)
        if (detail !== undefined) refuseLine(body, line, delivery, detail)
      }
      await this.#send(unnamed, delivery)
      return
    }
    const dropped = Number(/\bdropped=(\d+)/.exec(words)?.[1])
    if (/beyond retention policy/.test(words) && dropped < body.length) {
      await this.#cutByTime(body, dropped, words, delivery)
      return
    }
    const suspicious = suspicion(words)
    const [suspects, others] = body.split((line) => suspicious(body.line(line)))
    const parts = suspects.length > 0 && others.length > 0 ? [others, suspects] : undefined
    await this.#sendAll(
      (parts ?? (/\bmax-(values-per-tag|series)/.test(words) && bySeries(body))) || halves(body),
      delivery,
    )
  }

  /** The server counts what is too old for it: as many of the oldest lines. The others are sent once more, to be sure of them. */
  async #cutByTime(body: Body, dropped: number, words: string, delivery: Delivery): Promise<void> {
    const times = Float64Array.from({ length: body.length }, (_, line) => timeOf(body.line(line)))
    const [oldest] = Float64Array.from(times)
      .sort()
      .subarray(dropped - 1)
    const [old, others] = body.split((line) => times[line] <= oldest)
    if (others.length === 0 || old.length !== dropped) return this.#sendAll(halves(body), delivery)
    refuse(old, delivery, words)
    await this.#send(others, delivery)
  }
}

/** Time of a line, in µs. */
function timeOf(line: Buffer): number {
  return Number(line.toString('latin1', line.lastIndexOf(0x20) + 1))
}

/** Two halves between which no series is divided; undefined where there is one series. */
function bySeries(body: Body): [Body, Body] | undefined {
  const keys = Array.from({ length: body.length }, (_, line) => seriesOf(body.line(line)))
  const all = [...new Set(keys)]
  if (all.length < 2) return undefined
  const first = new Set(all.slice(0, all.length / 2))
  return body.split((line) => first.has(keys[line]))
}

/** Measurement and tags of a line: all before the first blank that is not escaped. */
function seriesOf(line: Buffer): string {
  let end = line.indexOf(0x20)
  while (end > 0 && line[end - 1] === 0x5c) end = line.indexOf(0x20, end + 1)
  return line.toString('utf8', 0, end)
}

function halves(body: Body): [Body, Body] {
  return body.split((line) => line < body.length / 2)
}

/** 1.x and 2.x count what they dropped of a body; where it was all of it, there is no good line to look for. */
function droppedAll(body: Body, words: string): boolean {
  return Number(/\bdropped=(\d+)/.exec(words)?.[1]) === body.length
}

function refuse(body: Body, delivery: Delivery, words: string): void {
  for (let line = 0; line < body.length; line++) refuseLine(body, line, delivery, words)
}

/** The server's words without their count, which is that of a request and not of a line. */
function refuseLine(body: Body, line: number, delivery: Delivery, words: string): void {
  const detail = words.replace(/ dropped=\d+$/, '')
  const remedy = remedyOf(detail)
  const of = { entry: delivery.entries[body.entry(line)], row: body.row(line), detail }
  delivery.rejected.push({ ...of, ...(remedy !== undefined && { remedy }) })
}
