import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BinaryStream } from 'node-opcua-binary-stream'
import {
  DataType,
  DataValue,
  StatusCodes,
  Variant,
  VariantArrayType,
  decodeDataValue,
  encodeDataValue,
} from 'node-opcua-client'
import { MillwrightError, TagTable, silentMetrics } from '../../agent/core/index.ts'
import { csv, readCsv } from '../../connectors/csv/index.ts'
import { PacketReader } from '../../connectors/mqtt/wire.ts'
import { makeInventory } from '../../connectors/opcua/items.ts'
import { ValueReader } from '../../connectors/opcua/reader.ts'
import { settings as opcuaSettings } from '../../connectors/opcua/settings.ts'
import { decodeImage } from '../../models/inspection/decode.ts'
import { setUp, token } from '../http/fake-agent.ts'
import { encodeMessages } from '../support/publisher.ts'
import type { Target } from './targets.ts'

const arrival = Date.UTC(2026, 0, 15, 12)
const texts = (...all: string[]) => all.map((text) => Buffer.from(text))

/** Packets of a broker, cut where chance has it: what is handed on lies within the bytes. */
const packets: Target = {
  name: 'MQTT packets',
  seeds: [encodeMessages([{ topic: 'plant/a', payload: '21.5' }, { topic: 'b', payload: 'x'.repeat(200) }], 1).bytes, Buffer.from('200600000322000a62020001d000', 'hex')], // prettier-ignore
  read: (content) => {
    for (const version of [4, 5] as const) {
      const receiver = {
        message: (bytes: Buffer, _: number, __: number, ...[topicStart, topicEnd, start, end, size]: number[]) => {
          if (!(0 <= topicStart && topicStart <= topicEnd && topicEnd <= start && start <= end && end <= bytes.length))
            throw new Error('a message outside its bytes')
          if (size < end - start) throw new Error('a message larger than its size')
        },
        control: () => undefined,
        broken: () => undefined,
      }
      const reader = new PacketReader(receiver, version, 1_000)
      const bytes = Buffer.from(content)
      const half = bytes.length >> 1
      reader.push(bytes.subarray(0, half))
      reader.push(bytes.subarray(half))
    }
  },
}

const encoded = (dataType: DataType, value: unknown, arrayType = VariantArrayType.Scalar) => {
  const stream = new BinaryStream(1_000)
  const times = { sourceTimestamp: new Date(arrival), serverTimestamp: new Date(arrival) }
  encodeDataValue(new DataValue({ value: new Variant({ dataType, value, arrayType }), statusCode: StatusCodes.Good, ...times }), stream) // prettier-ignore
  return stream.buffer.subarray(0, stream.length)
}

/** Values as they come from an OPC UA server; what the library cannot decode never gets to us. */
const values: Target = {
  name: 'OPC UA values',
  seeds: [encoded(DataType.Double, 21.5), encoded(DataType.String, 'run'), encoded(DataType.Int64, [1, 2]), encoded(DataType.Boolean, true), encoded(DataType.DateTime, new Date(arrival)), encoded(DataType.ByteString, Buffer.from('abc')), encoded(DataType.Double, [1, 2, 3], VariantArrayType.Array), encoded(DataType.LocalizedText, { text: 'run', locale: 'en' }), encoded(DataType.StatusCode, StatusCodes.Good)], // prettier-ignore
  read: (content) => {
    let value: DataValue
    try {
      value = decodeDataValue(new BinaryStream(Buffer.from(content)))
    } catch {
      return
    }
    for (const type of [{}, { type: 'text' }, { type: 'integer' }]) {
      const config = { endpoint: 'opc.tcp://plc:4840', tags: [{ node: 'ns=2;s=A', tag: 'line/a', ...type }] }
      const [item] = makeInventory(opcuaSettings.parse(config)).items
      const reader = new ValueReader('plc', new TagTable(), silentMetrics, 8)
      for (let again = 0; again < 2; again++) reader.add(item, value, arrival)
      if (reader.take(arrival)?.batch.time.every(Number.isFinite) === false) throw new Error('a sample without a time')
    }
  },
}

const folder = mkdtempSync(join(tmpdir(), 'millwright-fuzz-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
const table = csv.config.parse({ read: join(folder, 'data.csv') })

const files: Target = {
  name: 'CSV',
  seeds: texts('time,a,b\n2026-01-15 12:00:00,1.5,run\n2026-01-15 12:00:01,2.5,stop\n', 'Zeit;Druck [bar]\n15.01.2026 12:00;1,5\n15.01.2026 12:01;"2,5"\n', '# made by x\nt\ta\n1\t2\n2\t3\n'), // prettier-ignore
  read: async (content) => {
    writeFileSync(join(folder, 'data.csv'), content)
    try {
      for await (const { batch } of readCsv(table, new TagTable()))
        if (!batch.time.every(Number.isFinite)) throw new Error('a sample without a time')
    } catch (error) {
      if (!(error instanceof MillwrightError)) throw error
    }
  },
}

/** A green square of 8 pixels as PNG, JPEG and WebP. */
const pictures = [
  'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAEUlEQVQImWMoX2WMFTEMLQkAR7dVAe6VyPkAAAAASUVORK5CYII=',
  '/9j/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71////m8H////6/+b9//j/2wBDASstLTw1PHZBQXb4pYyl+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj/wAARCAAIAAgDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAL/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFQEBAQAAAAAAAAAAAAAAAAAAAgT/xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oADAMBAAIRAxEAPwCwEwP/2Q==',
  'UklGRjYAAABXRUJQVlA4ICoAAACQAQCdASoIAAgAAUAmJaACdLoAA5gA/ttR//Rh/+GH/4Yf30vr4Ap4kAA=',
] // prettier-ignore

const images: Target = {
  name: 'images',
  seeds: pictures.map((text) => Buffer.from(text, 'base64')),
  read: async (content) => {
    const wanted = { width: 8, height: 8, channels: 1, region: { left: 0, top: 0, width: 0.5, height: 1 } } as const
    const made = await decodeImage(content, wanted, { bytes: 1e6, pixels: 1e6 })
    if ('pixels' in made && made.pixels.length !== 64) throw new Error(`${made.pixels.length} pixels of 64`)
  },
}

const { ask } = setUp()

/** Method and address in the first line, the body behind it. */
const requests: Target = {
  name: 'HTTP requests',
  seeds: texts(
    'GET /api/dead-letters?limit=10&origin=a&reason=malformed&before=3\n',
    'GET /api/history?asset=line1/pump2&from=1&to=2&buckets=100\n',
    'GET /api/inspections/weld/images/id-1\n',
    'POST /api/labels\n{"type":"fault","asset":"line1/pump2","class":"wear","from":1,"time":"2026-01-05T10:00:00Z","by":"Mei"}',
    'POST /api/alarms/pump-health%2Fline1%2Fpump2%2F1764000000000/shelve\n{"by":"Mei","for":"2h"}',
    'POST /api/inspections/weld/images?part=7\n\x89PNG',
    'POST /api/models/pump-health/promote\n{"version":"0001","by":"Mei"}',
    'POST /api/dead-letters/resend\n{"letters":[7],"by":"Mei"}',
  ),
  read: async (content) => {
    const text = Buffer.from(content).toString('latin1')
    const [head, ...rest] = text.split('\n')
    const [method, path = '/'] = head.split(' ')
    const body = Buffer.from(rest.join('\n'), 'latin1')
    const isPost = method !== 'GET'
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const response = await ask(`/${path.replace(/^\/+/, '')}`, { method: isPost ? 'POST' : 'GET', headers, ...(isPost && { body }) }) // prettier-ignore
    if (response.status >= 500 && response.status !== 503)
      throw new Error(`${response.status}: ${await response.text()}`)
  },
}

/** What comes over sockets, in files and in requests, beside the payloads of messages. */
export const outer: readonly Target[] = [packets, values, files, images, requests]
