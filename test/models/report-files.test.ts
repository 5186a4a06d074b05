import assert from 'node:assert/strict'
import protobuf from 'protobufjs/minimal.js'
import { reportFiles } from '../../models/report-files.ts'
import type { Report } from '../../models/report.ts'
import { crc32c, encodeScalars } from '../../models/tensorboard.ts'

const report: Report = {
  monitor: 'pump-health',
  type: 'fault',
  created: 1_700_000_000_000,
  data: { from: 0, to: 60_000, rows: 10, used: 9, assets: 2, classes: { normal: 7, bearing: 2 } },
  exclusions: [{ reason: 'no label', rows: 1, asset: 'pump7' }],
  split: 'the last fifth of the time',
  metric: { name: 'F1', better: 'higher' },
  candidates: [
    { name: 'trees', settings: { depth: 5 }, validation: { F1: 0.9 }, seconds: 1.5, chosen: true },
    { name: 'mlp', settings: {}, validation: {}, seconds: 0, chosen: false, note: 'no time left' },
  ],
  confusion: {
    classes: ['normal', 'bearing'],
    matrix: [
      [7, 0],
      [1, 1],
    ],
  },
  figures: { confusion: '<svg/>' },
  scalars: [
    { tag: 'mlp/loss', step: 1, value: 0.5 },
    { tag: 'mlp/loss', step: 2, value: 0.25 },
  ],
  backend: 'wasm',
  seconds: 3.21,
  peakMemory: 200e6,
  notes: ['Few faults.'],
}

/** Reads a TensorBoard event file, checking both checksums of every record. */
function readEvents(bytes: Buffer) {
  const unmask = (masked: number) => {
    const rotated = (masked - 0xa282ead8) >>> 0
    return ((rotated >>> 17) | (rotated << 15)) >>> 0
  }
  const events: Uint8Array[] = []
  for (let at = 0; at < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at))
    assert.equal(unmask(bytes.readUInt32LE(at + 8)), crc32c(bytes.subarray(at, at + 8)))
    const data = bytes.subarray(at + 12, at + 12 + length)
    assert.equal(unmask(bytes.readUInt32LE(at + 12 + length)), crc32c(data))
    events.push(data)
    at += length + 16
  }
  return events
}

describe('report of a training', () => {
  it('has the checksum that the standard names', () => {
    assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
  })

  it('is a file for machines, one for people, figures, and scalars', () => {
    const files = reportFiles(report)
    assert.deepEqual(
      [...files.keys()],
      ['report.json', 'report.md', 'confusion.svg', 'events.out.tfevents.1700000000.millwright'],
    )
    assert.deepEqual(JSON.parse(String(files.get('report.json'))), report)
    const text = String(files.get('report.md'))
    for (const part of [
      '**trees**',
      'no time left',
      'depth 5',
      '| normal | 7 | 0 |',
      'Few faults.',
      '1 left out of pump7',
    ])
      assert.ok(text.includes(part), part)
  })

  it('writes scalars as TensorBoard reads them', () => {
    const [version, ...events] = readEvents(Buffer.from(encodeScalars(report)))
    assert.ok(Buffer.from(version).includes('brain.Event:2'))
    const read = events.map((event) => {
      const reader = protobuf.Reader.create(event)
      const found: { step?: number; tag?: string; value?: number } = {}
      const message = (end: number) => {
        while (reader.pos < end) {
          const key = reader.uint32()
          if (key === 9) reader.double()
          else if (key === 16) found.step = Number(reader.int64())
          else if (key === 42) message(reader.uint32() + reader.pos)
          else if (key === 21) found.value = reader.float()
          else if (key === 10) {
            const length = reader.uint32()
            // In the summary field 1 is a message, in its value the tag.
            if (found.tag === undefined && event[reader.pos] === 10) message(length + reader.pos)
            else found.tag = Buffer.from(event.subarray(reader.pos, (reader.pos += length))).toString()
          }
        }
      }
      message(event.length)
      return found
    })
    assert.deepEqual(read, [
      { step: 1, tag: 'mlp/loss', value: 0.5 },
      { step: 2, tag: 'mlp/loss', value: 0.25 },
    ])
  })
})
