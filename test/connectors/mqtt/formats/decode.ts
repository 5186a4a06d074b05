import assert from 'node:assert/strict'
import { BatchBuilder, type DeadLetter, TagTable, type TagType } from '../../../../agent/core/index.ts'
import { Collector } from '../../../../connectors/mqtt/collect.ts'
import { mqtt } from '../../../../connectors/mqtt/index.ts'
import { Router } from '../../../../connectors/mqtt/routes.ts'
import { rowsOf, type Settings } from '../harness.ts'

export type Topic = Partial<NonNullable<Settings['topics']>[number]>
export type Payload = string | Uint8Array

export const arrival = Date.UTC(2026, 0, 15, 12)
export const ts = arrival - 5_000
export const ns = BigInt(ts) * 1_000_000n

/** Decodes payloads of one topic, in order; rows as `[tag after "t", ms after arrival, value, quality]`. */
export function decode(
  topic: Topic,
  payloads: readonly Payload[],
  known: Record<string, TagType> = {},
  name = 'plant/a/b',
) {
  const tags = new TagTable()
  for (const [tag, type] of Object.entries(known)) tags.resolve({ name: tag, type })
  const entry = { filter: 'plant/+/+', tag: 't', ...topic }
  const settings = mqtt.config.parse({ type: 'mqtt', url: 'mqtt://localhost', topics: [entry], max_payload: '10kB' })
  const router = new Router(settings, tags, 'plant')
  const builder = new BatchBuilder('plant')
  const collector = new Collector(builder, 'plant', settings)
  for (const payload of payloads) {
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload)
    const route = router.find(Buffer.from(name).toString('latin1'))
    assert.ok(route)
    // Not at the start of the buffer, as in a chunk from the socket.
    const chunk = Buffer.concat([Buffer.from('{"x":1}'), bytes, Buffer.from('}')])
    collector.message(route, chunk, 7, 7 + bytes.length, bytes.length, arrival, false)
  }
  const batch = builder.take(arrival)
  const rows = rowsOf({ batch }, tags).map(({ tag, time, value, quality }) => [
    tag.replace(/^t\/?/, ''),
    time - arrival,
    value,
    quality,
  ])
  return { rows, letters: collector.letters as DeadLetter[], tags, repaired: collector.takeClock().repaired, batch }
}
