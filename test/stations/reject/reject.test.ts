import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, type MetricName, type RejectEvent, type Status } from '../../../agent/core/index.ts'
import { RejectSignal } from '../../../agent/stations/reject/reject.ts'
import { rejectConfig } from '../../../agent/settings/reject.ts'
import { opcua } from '../../../connectors/opcua/index.ts'
import { OpcuaWriter } from '../../../connectors/opcua/writer.ts'
import { OpcuaServer } from '../../support/opcua-server.ts'
import { until } from '../../support/until.ts'

const silent = () => undefined

const nodes = [
  { name: 'Reject', value: false, dataType: 'Boolean' },
  { name: 'Confirmed', value: false, dataType: 'Boolean' },
  { name: 'Part', value: '', dataType: 'String' },
  { name: 'Code', value: 0, dataType: 'Int16' },
  { name: 'Number', value: 0, dataType: 'UInt32' },
  { name: 'Locked', value: false, dataType: 'Boolean', readOnly: true },
]

/** A reject signal to a real server, and all it has said. */
class Bench {
  readonly events: RejectEvent[] = []
  readonly statuses: Status[] = []
  readonly counts: [MetricName, string][] = []
  readonly signal: RejectSignal

  constructor(endpoint: string, folder: string, settings: object) {
    const server = opcua.config.parse({
      endpoint,
      trust: 'any',
      timeout: '1s',
      tags: [{ node: 'ns=2;s=Part', tag: 'part' }],
    })
    const log = { debug: silent, info: silent, warn: silent, error: silent }
    this.signal = new RejectSignal({
      station: 'weld',
      settings: rejectConfig.parse({ connector: 'plc', node: 'ns=2;s=Reject', ...settings }),
      writer: new OpcuaWriter(server, folder, log),
      clock: systemClock,
      log,
      metrics: {
        count: (name, _, labels) => this.counts.push([name, labels!.outcome]),
        gauge: silent,
        observe: silent,
      },
      report: (status) => this.statuses.push(status),
      record: (event) => Promise.resolve(void this.events.push(event)),
    })
    this.signal.start()
  }

  get outcomes(): string[] {
    return this.events.map(({ part, outcome }) => `${part} ${outcome}`)
  }

  /** Connected: what takes longer than a part is there on a busy machine. */
  async up(): Promise<this> {
    await until('it is connected', () => this.statuses.at(-1)?.state === 'up')
    return this
  }

  async decided(count: number): Promise<void> {
    await until(
      () => `${count} signals are decided; there is ${JSON.stringify([this.events, this.statuses.at(-1)])}`,
      () => this.events.length === count,
    )
  }
}

describe('reject signal by OPC UA', () => {
  let server: OpcuaServer
  let folder: string
  let bench: Bench | undefined
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millwright-reject-'))
    server = await OpcuaServer.start(nodes)
  })
  afterEach(async () => {
    await bench?.signal.stop()
    await server.write(...nodes)
  })
  after(async () => {
    await server.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('writes value and part of a failing part, reads back, and takes the signal back for the next one', async () => {
    bench = await new Bench(server.endpoint, folder, { otherwise: false, part: 'ns=2;s=Part' }).up()
    bench.signal.decided('A', 'fail')
    await bench.decided(1)
    assert.deepEqual([await server.read('Reject'), await server.read('Part')], [true, 'A'])
    bench.signal.decided('B', 'pass')
    await until('the signal is taken back', async () => (await server.read('Reject')) === false)
    await until('it is counted', () => bench!.counts.length === 2)
    assert.deepEqual(bench.outcomes, ['A done'])
    assert.equal(bench.statuses.at(-1)?.state, 'up')
  })

  it('writes nothing for other verdicts where nothing is to be written', async () => {
    bench = await new Bench(server.endpoint, folder, {}).up()
    bench.signal.decided('A', 'pass')
    bench.signal.decided('B', 'operator')
    bench.signal.decided('C', 'fail')
    await bench.decided(1)
    assert.deepEqual(bench.outcomes, ['C done'])
    assert.equal(bench.counts.length, 1)
  })

  it('writes numbers in the type of the node', async () => {
    bench = await new Bench(server.endpoint, folder, { node: 'ns=2;s=Code', value: 7, part: 'ns=2;s=Number' }).up()
    bench.signal.decided('4711', 'fail')
    await bench.decided(1)
    assert.deepEqual([await server.read('Code'), await server.read('Number')], [7, 4711])
  })

  const refused: readonly [string, object, RegExp, RegExp | undefined][] = [
    ['a node that may not be written', { node: 'ns=2;s=Locked' }, /NotWritable|AccessDenied/, /Let the identity/],
    ['a node that is not there', { node: 'ns=2;s=Nowhere' }, /BadNodeIdUnknown/, /Check the node id/],
    [
      'a value of another type',
      { node: 'ns=2;s=Code', value: 'no' },
      /Int16, which cannot hold no/,
      /type of the node/,
    ],
    ['a confirmation that does not come', { read_back: { node: 'ns=2;s=Confirmed' } }, /Confirmed reads false, not true/, undefined], // prettier-ignore
  ]
  for (const [what, settings, words, remedy] of refused) {
    it(`tells of ${what}, tries until the part is past, and goes on with the next`, async () => {
      bench = await new Bench(server.endpoint, folder, { within: '2s', ...settings }).up()
      bench.signal.decided('A', 'fail')
      await bench.decided(1)
      const [event] = bench.events
      assert.equal(event.outcome, 'failed')
      assert.match(event.detail, words)
      assert.ok(event.attempts > 1, `${event.attempts} attempts`)
      const { state, message, remedy: told } = bench.statuses.at(-1)!
      assert.equal(state === 'up', false)
      assert.match(message, words)
      if (remedy) assert.match(told ?? '', remedy)
      assert.deepEqual(bench.counts, [['reject_signals_total', 'failed']])
      await server.write({ name: 'Confirmed', value: true, dataType: 'Boolean' })
      bench.signal.decided('B', 'fail')
      await bench.decided(2)
      assert.equal(bench.events[1].outcome, 'read_back' in settings ? 'done' : 'failed')
    })
  }

  it('tries again until the PLC confirms', async () => {
    bench = await new Bench(server.endpoint, folder, { within: '25s', read_back: { node: 'ns=2;s=Confirmed' } }).up()
    bench.signal.decided('A', 'fail')
    await until('it was not confirmed', () => bench!.statuses.at(-1)?.state === 'degraded')
    await server.write({ name: 'Confirmed', value: true, dataType: 'Boolean' })
    await bench.decided(1)
    assert.deepEqual(bench.outcomes, ['A done'])
    assert.ok(bench.events[0].attempts > 1)
  })

  it('rejects once the server is back, but no part that is past by then', async () => {
    bench = await new Bench(server.endpoint, folder, { within: '25s' }).up()
    const brief = new Bench(server.endpoint, await mkdtemp(join(folder, 'brief-')), { within: '200ms' })
    bench.signal.decided('A', 'fail')
    await bench.decided(1)
    await server.kill()
    bench.signal.decided('B', 'fail')
    brief.signal.decided('B', 'fail')
    await brief.decided(1)
    await until('the loss is told', () => bench!.statuses.at(-1)?.state === 'down')
    await server.launch()
    await bench.decided(2)
    await brief.signal.stop()
    assert.deepEqual(bench.outcomes, ['A done', 'B done'])
    assert.deepEqual(brief.outcomes, ['B failed'])
    assert.equal(await server.read('Reject'), true)
    assert.equal(bench.statuses.at(-1)?.state, 'up')
  })

  it('answers at once while the server is frozen', async () => {
    bench = await new Bench(server.endpoint, folder, { within: '300ms' }).up()
    server.freeze()
    try {
      for (let i = 0; i < 300; i++) bench.signal.decided(String(i), 'fail')
      await bench.decided(300)
      assert.deepEqual(new Set(bench.events.map(({ outcome }) => outcome)), new Set(['failed']))
    } finally {
      server.thaw()
    }
  })
})
