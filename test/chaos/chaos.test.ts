import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { until } from '../support/until.ts'
import { differences, twice, unlike } from './conservation.ts'
import { step, tags, valueAt } from './line.ts'
import { faultTable } from './report.ts'
import { grown } from './resources.ts'
import { kinds, script, type Round } from './script.ts'
import { Wire } from './wire.ts'

describe('the script of faults', () => {
  const rounds = (seed: number, count: number): Round[] => {
    const drawn = script(seed)
    return Array.from({ length: count }, () => drawn.next().value)
  }

  it('is the same for the same seed, and another for another', () => {
    assert.deepEqual(rounds(7, 100), rounds(7, 100))
    assert.notDeepEqual(rounds(7, 100), rounds(8, 100))
  })

  it('has every kind before any comes first again, and never two of one target at once', () => {
    const all = rounds(3, Object.keys(kinds).length)
    assert.equal(new Set(all.map(({ faults }) => faults[0].kind)).size, all.length)
    for (const { faults } of all) assert.equal(new Set(faults.map(({ kind }) => kinds[kind])).size, faults.length)
  })
})

describe('conservation', () => {
  const [tag] = tags
  const timeOf = (n: number) => n * step
  const book = { acknowledged: { [tag]: new Set([0, 1, 2]) }, sent: 4, timeOf }
  const stored = (...numbers: number[]) => new Map(numbers.map((n) => [timeOf(n), valueAt(tag, n)]))

  it('takes what was sent, acknowledged or not', () => {
    assert.deepEqual(differences(tag, book, stored(0, 1, 2)), [])
    assert.deepEqual(differences(tag, book, stored(0, 1, 2, 3)), [])
  })

  it('names the first value that is missing, invented, or another', () => {
    assert.match(
      differences(tag, book, stored(0)).join(),
      /2 of 3 acknowledged values are missing, the first is number 1 /,
    )
    assert.match(differences(tag, book, stored(0, 1, 2, 9)).join(), /1 values were never sent/)
    assert.match(differences(tag, book, stored(0, 1, 2).set(timeOf(1), 5)).join(), /never sent, the first is 5 at/)
  })

  it('finds alarms that came twice, and conclusions that a replay has otherwise', () => {
    const raised = { id: 'a', change: 'raised' } as const
    assert.deepEqual(twice([raised, { id: 'b', change: 'raised' }, { id: 'a', change: 'cleared' }]), [])
    assert.deepEqual(twice([raised, raised]), ['alarm a was raised twice'])
    assert.deepEqual(unlike([['a', '1']], [['a', '1']]), [])
    assert.match(unlike([['a', '1']], [['a', '2']]).join(), /the first is a: live 1, replayed 2/)
    assert.match(unlike([], [['a', '2']]).join(), /live none/)
    assert.match(unlike([['a', '1'], ['a', '1']], [['a', '1']]).join(), /1 conclusions stand twice/) // prettier-ignore
  })

  it('notices what a process goes on holding', () => {
    const before = { memory: 200, threads: 12, files: 40 }
    assert.deepEqual(grown(before, { memory: 300, threads: 14, files: 45 }), [])
    assert.equal(grown(before, { memory: 1_000, threads: 80, files: 400 }).length, 3)
  })

  it('shows how often each fault was survived, and how long it took', () => {
    const outcomes = [1_000, 3_000, undefined].map((up) => ({ kind: 'agent killed' as const, from: 0, to: 1, up }))
    assert.match(faultTable(outcomes), /agent killed +3 +2 +3\.0 +3\.0/)
  })
})

describe('a wire', () => {
  let wire: Wire
  let near: Socket
  let got = ''
  const server = createServer((socket) => socket.on('error', () => undefined).pipe(socket))

  beforeEach(async () => {
    got = ''
    await once(server.listen(0, '127.0.0.1'), 'listening')
    wire = await Wire.to((server.address() as AddressInfo).port)
    near = connect(wire.port, '127.0.0.1').on('error', () => undefined)
    near.setEncoding('utf8').on('data', (text: string) => (got += text))
    near.write('first')
    await until('the echo', () => got === 'first')
  })

  afterEach(async () => {
    near.destroy()
    await wire.close()
    await once(server.close(), 'close')
  })

  it('keeps all back while it is stalled, and passes it on then', async () => {
    wire.condition = 'stalled'
    near.write('second')
    await new Promise(setImmediate)
    assert.equal(got, 'first')
    wire.condition = 'sound'
    await until('the echo', () => got === 'firstsecond')
  })

  it('passes all on while it is slowed', async () => {
    wire.condition = 'slowed'
    near.write('x'.repeat(5_000))
    await until('the echo', () => got.length === 5_005)
  })

  it('breaks connections when it is cut off, and takes none until it is sound', async () => {
    wire.condition = 'cut off'
    await until('closed', () => near.closed)
    const other = connect(wire.port, '127.0.0.1').on('error', () => undefined)
    await until('refused', () => other.closed)
    wire.condition = 'sound'
    const third = connect(wire.port, '127.0.0.1').setEncoding('utf8')
    third.write('third')
    assert.equal(await once(third, 'data').then(([text]: string[]) => text), 'third')
    third.destroy()
  })

  it('breaks in the middle of a message when it is reset', async () => {
    wire.reset()
    near.write('12345678')
    await until('closed', () => near.closed)
    assert.ok(got.length < 'first12345678'.length)
  })
})
