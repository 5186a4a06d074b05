import assert from 'node:assert/strict'
import { AckDesk, Unreleased } from '../../../connectors/mqtt/acks.ts'

/** Lets the microtasks that write acknowledgements run. */
const turn = () => new Promise((resolve) => setImmediate(resolve))

function desk(unreleased = new Unreleased()) {
  const written: string[] = []
  return { written, unreleased, desk: new AckDesk((packets) => written.push(packets.toString('hex')), unreleased) }
}

describe('connectors/mqtt acks', () => {
  it('writes nothing before an arrival is settled, then one piece for all of it', async () => {
    const { desk: acks, written } = desk()
    for (const id of [1, 2, 0x1234]) acks.receive(1, id, 100)
    acks.receive(0, 0, 50)
    const parcel = acks.close()
    assert.equal(parcel.bytes, 350)
    await turn()
    assert.deepEqual(written, [])
    parcel.settled(true)
    await turn()
    assert.deepEqual(written, ['400200014002000240021234'])
  })

  it('keeps the order of the messages when arrivals are settled in another', async () => {
    const { desk: acks, written } = desk()
    const parcels = [1, 2, 3].map((id) => {
      acks.receive(id === 2 ? 2 : 1, id, 1)
      return acks.close()
    })
    parcels[2].settled(true)
    parcels[1].settled(true)
    await turn()
    assert.deepEqual(written, [])
    parcels[0].settled(true)
    await turn()
    assert.deepEqual(written, ['400200015002000240020003'])
  })

  it('acknowledges nothing after an arrival that could not be stored', async () => {
    const { desk: acks, written } = desk()
    acks.receive(1, 1, 1)
    const lost = acks.close()
    acks.receive(1, 2, 1)
    const later = acks.close()
    lost.settled(false)
    later.settled(true)
    await turn()
    assert.deepEqual(written, [])
  })

  it('takes a message of QoS 2 once until it is released, and answers its repetition', async () => {
    const { desk: acks, written, unreleased } = desk()
    assert.equal(acks.receive(2, 7, 1), true)
    assert.equal(acks.receive(2, 7, 1), false)
    acks.close().settled(true)
    await turn()
    assert.equal(acks.receive(2, 7, 1), false)
    await turn()
    assert.deepEqual(written, ['50020007', '50020007'])
    unreleased.release(7)
    assert.equal(acks.receive(2, 7, 1), true)
  })

  it('answers a message of QoS 2 on the connection on which it came last', async () => {
    const old = desk()
    const next = desk(old.unreleased)
    old.desk.receive(2, 7, 1)
    const parcel = old.desk.close()
    old.desk.abandon()
    assert.equal(next.desk.receive(2, 7, 1), false)
    parcel.settled(true)
    await turn()
    assert.deepEqual([old.written, next.written], [[], ['50020007']])
  })

  it('takes a message of QoS 2 again after it could not be stored, and in a new session', () => {
    const { desk: acks, unreleased } = desk()
    acks.receive(2, 7, 1)
    acks.close().settled(false)
    assert.equal(acks.receive(2, 7, 1), true)
    unreleased.clear()
    assert.equal(acks.receive(2, 7, 1), true)
  })
})
