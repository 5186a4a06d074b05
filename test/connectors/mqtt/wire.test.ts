import assert from 'node:assert/strict'
import fc from 'fast-check'
import { PacketReader } from '../../../connectors/mqtt/wire.ts'
import { encodeMessages } from '../../support/publisher.ts'

const maxPayload = 1_000

function read(chunks: readonly Buffer[], version: 4 | 5 = 4): string[] {
  const seen: string[] = []
  const reader = new PacketReader(
    {
      message: (bytes, first, id, topicStart, topicEnd, start, end, size) => {
        const payload = bytes.toString('latin1', start, Math.min(end, start + 20))
        seen.push(`${first & 0x0f} ${id} ${bytes.toString('utf8', topicStart, topicEnd)} ${payload} ${size}`)
      },
      control: (packet) => seen.push(packet.toString('hex')),
      broken: (detail) => seen.push(`broken: ${detail}`),
    },
    version,
    maxPayload,
  )
  for (const chunk of chunks) reader.push(chunk)
  return seen
}

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((place, index) => Buffer.from(bytes.subarray(places[index], place)))
}

describe('connectors/mqtt wire', () => {
  it('reads the same packets however the bytes are cut', () => {
    const message = fc.record({
      topic: fc.string({ minLength: 1, maxLength: 40, unit: 'binary' }),
      payload: fc.uint8Array({ maxLength: 300 }),
    })
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 20 }),
        fc.constantFrom<0 | 1>(0, 1),
        fc.array(fc.nat(8_000), { maxLength: 30 }),
        (messages, qos, cuts) => {
          const ping = Buffer.from([0xd0, 0])
          const bytes = Buffer.concat([encodeMessages(messages, qos).bytes, ping])
          const whole = read([bytes])
          assert.equal(whole.length, messages.length + 1)
          assert.equal(whole.at(-1), 'd000')
          assert.deepEqual(read(cutAt(bytes, cuts)), whole)
        },
      ),
    )
  })

  it('hands on the beginning of a message that is too large, and the next one whole', () => {
    const size = 10_000_000
    const { bytes } = encodeMessages(
      [
        { topic: 'big', payload: Buffer.alloc(size, 0x61) },
        { topic: 'small', payload: '1' },
      ],
      1,
    )
    const chunks: Buffer[] = []
    for (let at = 0; at < bytes.length; at += 65_536) chunks.push(bytes.subarray(at, at + 65_536))
    assert.deepEqual(read(chunks), [`2 1 big aaaaaaaaaaaaaaaaaaaa ${size}`, '2 2 small 1 1'])
    assert.deepEqual(read([bytes]), read(chunks))
  })

  it('steps over the properties of MQTT 5', () => {
    const topic = Buffer.from([0, 1, 0x61])
    const properties = Buffer.from([5, 0x02, 0, 0, 0, 9])
    const body = Buffer.concat([topic, properties, Buffer.from('42')])
    assert.deepEqual(read([Buffer.concat([Buffer.from([0x30, body.length]), body])], 5), ['0 0 a 42 2'])
  })

  for (const [what, hex] of [
    ['a length of five bytes', '30ffffffffff01'],
    ['a topic longer than its packet', '3003000961'],
    ['QoS 3', '360500016100013131'],
    ['a control packet of 200 MB', '90ffffff5f00'],
  ] as const) {
    it(`gives up at ${what}`, () => {
      const seen = read([Buffer.from(hex, 'hex'), Buffer.from('d000', 'hex')])
      assert.match(seen[0], /^broken: /)
      assert.equal(seen.length, 1)
    })
  }

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), fc.constantFrom<4 | 5>(4, 5), (chunks, version) => {
        read(
          chunks.map((chunk) => Buffer.from(chunk)),
          version,
        )
      }),
    )
  })
})
