// Longer than others: one table.
import assert from 'node:assert/strict'
import { Quality } from '../../../agent/core/index.ts'
import type { Proxy } from '../../support/opcua-server-proxy.ts'
import type { Misbehaviour, OpcuaServer, ServerNode, ServerOptions } from '../../support/opcua-server.ts'
import { until } from '../../support/until.ts'
import type { Running } from '../../connectors/opcua/harness.ts'

/** What a case has at hand. */
export interface Parts {
  readonly server: OpcuaServer
  readonly proxy: Proxy
  readonly source: Running
}

/** One kind of server, what it does, and what must come out. */
export interface ServerCase {
  readonly name: string
  /** Where the kind is seen. */
  readonly source: string
  readonly nodes: readonly ServerNode[]
  readonly options?: ServerOptions
  readonly tags: readonly object[]
  readonly settings?: object
  /** What is asked for after host and port. */
  readonly path?: string
  /** It does not get up at first. */
  readonly isRefused?: boolean
  /** What it does from the start. */
  readonly misbehaves?: Misbehaviour
  /** What happens once the source is connected, and what must come of it. */
  readonly what: (parts: Parts) => Promise<void>
}

const tag = (name: string, more: object = {}) => ({ node: `ns=2;s=${name}`, tag: name, ...more })
const one = { nodes: [{ name: 'A', value: 0, history: true }], tags: [tag('A')] }
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1)
const good = (source: Running) => source.rows('A').filter(({ quality }) => quality === Quality.good)
const goodValues = (source: Running) => good(source).map(({ value }) => value)
const first = (source: Running) => until('first value', () => good(source).length === 1)

/** Values 1 to `count` while nobody listens; times `behind` ms behind, a ms apart. */
async function missed({ server, source }: Parts, count: number, behind = 0): Promise<void> {
  await first(source)
  const began = Math.max(Date.now() - behind, good(source)[0].time + 1)
  await server.dropSubscriptions()
  await server.write(...upTo(count).map((value) => ({ name: 'A', value, sourceTime: began + value })))
}

async function filledIn(parts: Parts, count: number, behind = 0): Promise<void> {
  const { source } = parts
  await missed(parts, count, behind)
  await until('all values', () => new Set(goodValues(source)).size === count + 1)
  // The newest may hold once more, from the reconnect on.
  const values = [...new Set(goodValues(source))].map(Number)
  assert.deepEqual(
    values.sort((a, b) => a - b),
    [0, ...upTo(count)],
  )
  assert.deepEqual(source.gaps, [])
}

const history: readonly ServerCase[] = [
  {
    ...one,
    name: 'history in pieces of 40 with continuation points',
    source: 'asyncua, historians with a bound for each answer',
    settings: { backfill: true },
    misbehaves: { history: { most: 40, told: true } },
    what: (parts) => filledIn(parts, 172),
  },
  {
    ...one,
    name: 'history in pieces of 40 that say nothing of more',
    source: 'historians that cut answers in silence',
    settings: { backfill: true },
    misbehaves: { history: { most: 40, told: false } },
    what: (parts) => filledIn(parts, 172),
  },
  {
    ...one,
    name: 'times of the server an hour behind',
    source: 'clocks without NTP, daylight saving time taken for UTC',
    nodes: [{ name: 'A', value: 0, history: true, sourceTime: Date.now() - 3_600_000 }],
    settings: { backfill: true },
    what: (parts) => filledIn(parts, 20, 3_500_000),
  },
  {
    ...one,
    name: 'all history lost',
    source: 'servers that keep history in memory and restart',
    settings: { backfill: true },
    misbehaves: { history: { most: 0, told: true } },
    what: async (parts) => {
      const { source } = parts
      await missed(parts, 3)
      await until('gap', () => source.gaps.length === 1)
      await until('value', () => goodValues(source).includes(3))
      const [before, after] = [0, 3].map((value) => good(source).find((row) => row.value === value)!)
      assert.deepEqual([source.gaps[0].from, source.gaps[0].to], [before.time, after.time])
    },
  },
  {
    ...one,
    name: 'history from the restart on',
    source: 'servers that keep history in memory and restart',
    settings: { backfill: true },
    what: async ({ server, source }) => {
      await first(source)
      await server.kill()
      await server.launch()
      await server.write(...upTo(3).map((value) => ({ name: 'A', value, sourceTime: Date.now() + value })))
      await until('gap', () => source.gaps.length === 1)
      await until('values', () => upTo(3).every((value) => goodValues(source).includes(value)))
      const [before, after] = good(source).filter(({ value }) => value === 0)
      assert.deepEqual([source.gaps[0].from, source.gaps[0].to], [before.time, after.time])
    },
  },
  {
    ...one,
    name: 'no value during the outage',
    source: 'set points',
    settings: { backfill: true },
    misbehaves: { history: { most: 0, told: true } },
    what: async ({ server, source }) => {
      await first(source)
      await server.dropSubscriptions()
      await until('again', () => good(source).length === 2)
      assert.deepEqual(goodValues(source), [0, 0])
      assert.deepEqual(source.gaps, [])
    },
  },
]

const numbers: readonly ServerCase[] = [
  {
    ...one,
    name: 'Republish answers Good with an empty notification',
    source: 'asyncua',
    misbehaves: { republish: 'empty' },
    what: async ({ server, proxy, source }) => {
      await first(source)
      proxy.cut()
      await until('down', () => source.status?.state === 'down')
      proxy.mend()
      await source.up()
      await server.write({ name: 'A', value: 7 })
      await until('value', () => goodValues(source).includes(7))
      assert.deepEqual(source.gaps, [])
      assert.ok((await server.look()).republishes < 5)
    },
  },
  ...(['last', 'used'] as const).map((keepAlives): ServerCase => ({
    ...one,
    name: `keep-alives ${keepAlives === 'last' ? 'carry the number of the last notification' : 'use a number up'}`,
    source: 'small stacks of PLCs',
    settings: { keepalive: '100ms' },
    what: async ({ server, source }) => {
      await first(source)
      await server.misbehave({ keepAlives })
      for (const value of upTo(3)) {
        const before = await server.countKeepAlives()
        await until('keep-alives', async () => (await server.countKeepAlives()) >= before + 2)
        await server.write({ name: 'A', value })
        await until('value', () => goodValues(source).includes(value))
      }
      assert.deepEqual(source.gaps, [])
    },
  })),
  {
    ...one,
    name: 'queues overflow',
    source: 'bursts faster than publishing times queue',
    settings: { queue: 2, publishing: '100ms' },
    what: async ({ server, source }) => {
      await first(source)
      const began = good(source)[0].time
      await server.write(...upTo(20).map((value) => ({ name: 'A', value, sourceTime: began + 100 * value })))
      await until('gap', () => source.gaps.length === 1)
      const { from, to } = source.gaps[0]
      const after = good(source)[1]
      assert.deepEqual([from, to], [began, after.time])
    },
  },
]

const many = Array.from({ length: 68 }, (_, i) => ({ name: `Many${i}`, value: i }))

async function allRead({ source }: Parts): Promise<void> {
  await until('all', () => new Set(source.rows().map((row) => row.tag)).size === many.length)
  assert.equal(source.status?.state, 'up')
}

const limits: readonly ServerCase[] = [
  {
    name: 'at most 25 nodes in a call, and said so',
    source: 'PLCs',
    nodes: many,
    options: {
      operationLimits: {
        maxNodesPerRead: 25,
        maxNodesPerBrowse: 25,
        maxNodesPerHistoryReadData: 25,
        maxMonitoredItemsPerCall: 25,
      },
    },
    tags: many.map(({ name }) => tag(name)),
    what: allRead,
  },
  {
    name: 'at most 5 nodes in a read, and not said so',
    source: 'gateways before PLCs',
    nodes: many,
    tags: many.map(({ name }) => tag(name)),
    misbehaves: { reads: 5 },
    what: allRead,
  },
]

const wishes: readonly ServerCase[] = [
  {
    name: 'a deadband is refused on a Boolean',
    source: 'Part 8, 6.2: numbers only',
    nodes: [{ name: 'A', dataType: 'Boolean', value: false }],
    tags: [tag('A', { deadband: { absolute: 1 } })],
    what: async ({ server, source }) => {
      await first(source)
      assert.match(source.status!.message, /refuses the filter of 1 nodes: the agent filters/)
      assert.deepEqual(goodValues(source), [0])
      await server.write({ name: 'A', value: true })
      await until('value', () => goodValues(source).includes(1))
      assert.equal(source.status?.state, 'up')
    },
  },
  {
    name: 'a percentage is refused without EURange',
    source: 'S7-1200; Part 8, 6.2',
    nodes: [{ name: 'A', value: 0 }],
    tags: [tag('A', { deadband: { percent: 10 }, low: 0, high: 100 })],
    what: async ({ server, source }) => {
      await first(source)
      assert.match(source.status!.message, /the agent filters/)
      const began = Date.now()
      const values = [4, 9, 11, 20, 30, 0]
      await server.write(...values.map((value, i) => ({ name: 'A', value, sourceTime: began + i })))
      await until('last', () => goodValues(source).at(-1) === 0 && good(source).length > 1)
      assert.deepEqual(goodValues(source), [0, 11, 30, 0])
    },
  },
  {
    name: 'a percentage is refused and nobody knows the range',
    source: 'S7-1200; Part 8, 6.2',
    nodes: [{ name: 'A', value: 0 }],
    tags: [tag('A', { deadband: { percent: 10 } })],
    what: async ({ server, source }) => {
      await first(source)
      assert.match(source.status!.message, /all their changes are taken/)
      await server.write({ name: 'A', value: 1 })
      await until('value', () => goodValues(source).includes(1))
    },
  },
  {
    ...one,
    name: 'sampling is slower and the queue shorter than asked for',
    source: 'PLCs',
    settings: { sampling: '10ms', queue: 100_000 },
    what: async ({ source }) => {
      await first(source)
      assert.match(source.status!.message, /sampling 10 ms asked, 50 ms given; queue 100000 asked, 5000 given/)
    },
  },
  {
    ...one,
    name: 'a session ends sooner than asked for, and nothing changes',
    source: 'PLCs',
    settings: { keepalive: '2s', publishing: '500ms' },
    misbehaves: { sessionTimeout: 600 },
    what: async ({ server, source }) => {
      await first(source)
      const before = await server.countKeepAlives()
      await until('keep-alives', async () => (await server.countKeepAlives()) >= before + 2)
      assert.equal(source.status?.state, 'up')
      assert.equal(source.statuses.filter(({ state }) => state === 'down').length, 0)
    },
  },
]

const nodes: readonly ServerCase[] = [
  {
    ...one,
    name: 'a node is deleted and made again',
    source: 'downloads of a program to a PLC',
    what: async ({ server, source }) => {
      await first(source)
      await server.remove('A')
      await until('bad', () => source.rows('A').at(-1)?.quality === Quality.bad)
      await until('degraded', () => source.status?.state === 'degraded')
      await server.add({ name: 'A', value: 5 })
      await until('good again', () => goodValues(source).includes(5))
      await server.write({ name: 'A', value: 6 })
      await until('goes on', () => goodValues(source).includes(6))
      await source.up()
      assert.equal(source.counts.get('reconnects_total'), undefined)
    },
  },
  {
    name: 'the clock of the agent is set an hour forward',
    source: 'gateways without a battery: the security token is taken for expired, and nothing is heard any more',
    nodes: [{ name: 'A', value: 0 }],
    tags: [tag('A')],
    what: async ({ server, source }) => {
      await first(source)
      source.stepped(3_600_000)
      await until('connected again', () => source.counts.get('reconnects_total') === 1)
      await server.write({ name: 'A', value: 7 })
      await until('goes on', () => goodValues(source).includes(7))
      assert.deepEqual(source.gaps, [])
    },
  },
  {
    name: 'all nodes are unknown at first',
    source: 'PLCs after a download',
    nodes: [],
    tags: [tag('A')],
    isRefused: true,
    what: async ({ server, source }) => {
      await until('refused', () => source.status?.state === 'degraded')
      await server.add({ name: 'A', value: 5 })
      await until('value', () => goodValues(source).includes(5))
      await source.up()
      assert.equal(source.statuses.filter(({ state }) => state === 'down').length, 0)
    },
  },
]

const connecting: readonly ServerCase[] = [
  {
    ...one,
    name: 'an address for discovery only',
    source: 'Ignition, Milo',
    options: { path: '/plant' },
    path: '/discovery',
    what: async ({ proxy, source }) => {
      await first(source)
      assert.equal(proxy.addresses.at(0), `${proxy.endpoint}/discovery`)
      assert.equal(proxy.addresses.at(-1), `${proxy.endpoint}/plant`)
    },
  },
  {
    ...one,
    name: 'it closes where it does not trust the agent',
    source: 'servers that log and close',
    settings: { security: {} },
    isRefused: true,
    what: async ({ source }) => {
      const message = /the agent's certificate may wait for approval there/
      await until('refused', () => message.test(source.status?.message ?? ''))
      assert.match(
        source.status!.remedy!,
        /^Approve .*: \/.*\/own\/certs\/client_certificate.pem, thumbprint [0-9a-f]{40}\.$/,
      )
    },
  },
]

/** Servers as they are. */
export const cases = [...history, ...numbers, ...limits, ...wishes, ...nodes, ...connecting]
