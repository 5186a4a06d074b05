import { BatchBuilder, MillwrightError, TagTable } from '../../agent/core/index.ts'
import { ByteWriter } from '../../agent/journal/bytes.ts'
import { readRecord, seal, writeRecord } from '../../agent/journal/codec.ts'
import { schema } from '../../agent/settings/schema.ts'
import { parseConfig } from '../../config/index.ts'
import { imageMessage } from '../../connectors/images/message.ts'
import { Collector } from '../../connectors/mqtt/collect.ts'
import { mqtt } from '../../connectors/mqtt/index.ts'
import { Router } from '../../connectors/mqtt/routes.ts'
import { parseManifest } from '../../models/onnx/bundle.ts'
import { poison, type Topic } from '../support/poison.ts'

/** A decoder of bytes from outside: what it is begun with, and a reading that may refuse but not fail. */
export interface Target {
  readonly name: string
  readonly seeds: readonly Uint8Array[]
  /** Throws where the decoder lets through what it should have refused in words. */
  read(bytes: Uint8Array): void | Promise<void>
}

const arrival = Date.UTC(2026, 0, 15, 12)
/** Bytes of a seed, so that many inputs are tried. */
const largest = 4_096

const json = ['{"ts":1768478400000,"value":21.5,"unit":"bar"}', '[[1768478400000,1],[1768478401000,2]]', '{"values":[{"id":"a","v":1,"q":true}]}', '21,5', '"run"', '{"rate":1000,"value":[1,2,3]}'] // prettier-ignore
const lines = ['pump,asset=p1 flow=1.5,state="run",n=3i 1768478400000000000', 'a b=true']
const labels = ['{"type":"verdict","station":"weld","part":"7","class":"scratch","by":"Mei"}', '{"type":"label","asset":"p1","from":1,"to":2}'] // prettier-ignore
const cbor = [Buffer.from('a2627473c11a6968e7406176fb4035800000000000', 'hex'), Buffer.from('9f0102fbffff', 'hex')]
const texts = (...all: string[]) => all.map((text) => Buffer.from(text))

/** The messages that ended agents, as far as they are small. */
const small = poison.map(([, payload]) => Buffer.from(payload as Uint8Array).subarray(0, largest))

function messages(name: string, seeds: readonly Uint8Array[], topic: Topic = {}): Target {
  const entry = { filter: 'plant/#', tag: 't', ...topic }
  const config = mqtt.config.parse({ type: 'mqtt', url: 'mqtt://localhost', topics: [entry], max_tags: 1_000 })
  return {
    name,
    seeds: [...seeds, ...small],
    read: (content) => {
      const builder = new BatchBuilder('plant')
      const collector = new Collector(builder, 'plant', config)
      const bytes = Buffer.from(content)
      const route = new Router(config, new TagTable(), 'plant').find('plant/a')!
      collector.message(route, bytes, 0, bytes.length, bytes.length, arrival, false)
      const [internal] = collector.letters.filter(({ reason }) => reason === 'internal')
      if ((internal as typeof internal | undefined) !== undefined) throw new Error(internal.detail)
      const { time, value } = builder.take(arrival)
      if (!time.every(Number.isFinite)) throw new Error('a sample without a time')
      if (value.some((one) => Math.abs(one) === Infinity)) throw new Error('an infinite sample')
    },
  }
}

/** What refuses by throwing an error of ours. */
function refusing(name: string, seeds: readonly Uint8Array[], read: (bytes: Uint8Array) => unknown): Target {
  const tried = (bytes: Uint8Array) => {
    try {
      read(bytes)
    } catch (error) {
      if (!(error instanceof MillwrightError)) throw error
    }
  }
  return { name, seeds, read: tried }
}

function record(): Uint8Array {
  const builder = new BatchBuilder('plant')
  for (let i = 0; i < 50; i++) builder.add(i % 3, arrival + i, Math.sin(i), 0)
  const writer = new ByteWriter(256)
  writeRecord(writer, { kind: 'samples', batch: builder.take(arrival) }, arrival)
  const bytes = writer.bytes.slice(0, writer.length)
  seal(bytes, 0)
  return bytes
}

const plant = `site: mill
connectors:
  plant: { type: mqtt, url: "mqtt://localhost", topics: [{ filter: "a/#" }] }
assets: { pump: { tags: "{asset}/{role}" } }
monitors: { health: { assets: pump, window: 10s, model: anomaly } }
`
const manifest = JSON.stringify({ format: 1, type: 'onnx', kind: 'anomaly', monitor: 'm', version: '1', created: 0, sha256: 'a'.repeat(64), features: { version: '', names: ['a.mean'] }, tags: [], input: 'x', outputs: { score: 's' }, higher_is_worse: true, calibration: { pooled: { mean: [], scale: [], threshold: 1 }, assets: {} }, scaled: false, training: { from: 0, to: 0, rows: 0, used: 0, dropped: [] }, metrics: {}, golden: { tolerance: 1, asset: [], inputs: [], scores: [], contributions: [] } }) // prettier-ignore

export const targets: readonly Target[] = [
  messages('MQTT, whatever it is', [...texts(...json, ...lines), ...cbor]),
  messages('MQTT, CBOR', cbor, { format: 'cbor' }),
  messages('MQTT, line protocol', texts(...lines), { format: 'line' }),
  messages('MQTT, labels', texts(...labels), { format: 'labels' }),
  messages('MQTT, pairs', texts('a=1 b=2,5 c=run'), { format: 'pairs' }),
  messages('MQTT, exact integers', texts(...json, '{"value":12345678901234567890}'), { type: 'integer' }),
  messages('MQTT, Kepware', texts('{"timestamp":1768478400000,"values":[{"id":"P7.Flow","v":3,"q":true,"t":1768478400000}]}'), { preset: 'kepware', tag: undefined }), // prettier-ignore
  messages('MQTT, SenML', texts('[{"bn":"a:","bt":1768478400,"n":"t","u":"Cel","v":21.5}]'), { preset: 'senml', tag: undefined }), // prettier-ignore
  refusing('images in messages', texts('{"image":"aGFsbG8=","part":7,"time":1768478400000}'), (bytes) =>
    imageMessage(bytes, 'camera', arrival),
  ),
  refusing('records of the journal', [record()], readRecord),
  refusing('manifests', texts(manifest), (bytes) => parseManifest(bytes, 'a folder')),
  refusing('configuration', texts(plant), (bytes) => parseConfig(Buffer.from(bytes).toString('utf8'), { schema })),
]
