import assert from 'node:assert/strict'
import { Quality } from '../../../agent/core/index.ts'
import { until } from '../../support/until.ts'
import type { Parts, ServerCase } from './servers.ts'

const plant = 'http://millwright.test/plant'
const flow = (line: string, value: number, more: object = {}) => ({
  name: `${line}/Flow`,
  folder: line,
  value,
  ...more,
})
const pump7 = flow('Line3/Pump7', 7)
const path = '/Objects/2:Line3/2:Pump7/2:Flow'
const byUri = `/Objects/nsu=${plant};Line3/nsu=${plant};Pump7/nsu=${plant};Flow`
const browse = { match: '**/Pump*/Flow', tag: 'line{1}/pump{2}' }

const values = ({ source }: Parts, tag: string) =>
  source.rows(tag).flatMap(({ value, quality }) => (quality === Quality.good ? [value] : []))
const troubles = ({ source }: Parts) => Object.entries(source.status?.items ?? {})

async function reads(parts: Parts, tag: string, value: number): Promise<void> {
  await until(`${tag} ${value}`, () => values(parts, tag).includes(value))
}

/** Says in the status, for what is named, why it finds nothing. */
function told(name: string, pattern: RegExp): ServerCase['what'] {
  return async (parts) => {
    await until('degraded', () => parts.source.status?.state === 'degraded')
    const [[named, trouble]] = troubles(parts)
    assert.equal(named, name)
    assert.match(trouble, pattern)
  }
}

const paths: readonly ServerCase[] = [
  ...[path, byUri].map((one): ServerCase => ({
    name: `a path, ${one === path ? 'by index' : 'by URI'}`,
    source: 'node ids that change with each download',
    nodes: [pump7],
    tags: [{ path: one, tag: 'flow' }],
    what: (parts) => reads(parts, 'flow', 7),
  })),
  {
    name: 'a path where the server translates none',
    source: 'small stacks without TranslateBrowsePathsToNodeIds',
    nodes: [pump7],
    tags: [{ path, tag: 'flow' }],
    misbehaves: { translates: false },
    what: (parts) => reads(parts, 'flow', 7),
  },
  {
    name: '60 paths where the server takes 25 in a call',
    source: 'PLCs',
    nodes: Array.from({ length: 60 }, (_, i) => flow(`Line/Pump${i}`, i)),
    options: { operationLimits: { maxNodesPerTranslateBrowsePathsToNodeIds: 25, maxNodesPerRead: 25 } },
    tags: Array.from({ length: 60 }, (_, i) => ({ path: `/Objects/2:Line/2:Pump${i}/2:Flow`, tag: `flow${i}` })),
    what: async (parts) => {
      await until('all', () => new Set(parts.source.rows().map(({ tag }) => tag)).size === 60)
      assert.equal(parts.source.status?.state, 'up')
    },
  },
  {
    name: 'a name with / and : in it',
    source: 'names of drives, as in M1:Speed m/s',
    nodes: [{ name: 'Speed', id: 'speed', folder: 'M1:Drive', value: 3 }],
    tags: [{ path: '/Objects/2:M1&:Drive/2:Speed', tag: 'speed' }],
    what: (parts) => reads(parts, 'speed', 3),
  },
  {
    name: 'a path with a typing error',
    source: 'people',
    nodes: [pump7],
    tags: [{ path: '/Objects/2:Line3/2:Pump7/2:flwo', tag: 'flow' }],
    isRefused: true,
    what: told('/Objects/2:Line3/2:Pump7/2:flwo', /^there is no 2:flwo below \/Objects\/2:Line3\/2:Pump7; the nearest are 2:Flow/), // prettier-ignore
  },
  {
    name: 'a path in a namespace that is not there',
    source: 'people',
    nodes: [pump7],
    tags: [{ path: `/Objects/nsu=${plant}s;Line3`, tag: 'flow' }],
    isRefused: true,
    what: told(`/Objects/nsu=${plant}s;Line3`, /no namespace .*; the nearest is http:\/\/millwright\.test\/plant$/),
  },
  {
    name: 'a path that names two nodes',
    source: 'folders that two programs have filled',
    nodes: [pump7, flow('Line3/Pump7', 8, { name: 'Other/Flow' })],
    tags: [{ path, tag: 'flow' }],
    isRefused: true,
    what: async (parts) => {
      await told(path, /^the path names 2 nodes: ns=2;s=.*; name one by its node id$/)(parts)
      assert.deepEqual(parts.source.rows(), [])
    },
  },
  {
    name: 'two paths that give one tag',
    source: 'copies of lines in a configuration',
    nodes: [pump7, flow('Line3/Pump8', 8)],
    tags: [
      { path, tag: 'flow' },
      { path: path.replace('Pump7', 'Pump8'), tag: 'flow' },
    ],
    isRefused: true,
    what: async (parts) => {
      await told(path, /^2 nodes give the tag flow, whose values would mix: /)(parts)
      assert.deepEqual(parts.source.rows(), [])
    },
  },
  {
    name: 'a node that stands elsewhere after a download',
    source: 'node ids that change with each download',
    nodes: [{ ...pump7, id: 'old' }],
    tags: [{ path, tag: 'flow' }],
    what: async (parts) => {
      const { server, source } = parts
      await reads(parts, 'flow', 7)
      await server.kill()
      await server.launch([{ ...pump7, id: 'new', value: 9 }])
      await reads(parts, 'flow', 9)
      await until('told', () => source.events('node').length === 1)
      const [{ change, tag, node }] = source.events('node')
      assert.deepEqual([change, tag, node], ['moved', 'flow', `nsu=${plant};s=new`])
    },
  },
]

const patterns: readonly ServerCase[] = [
  {
    name: 'a pattern',
    source: 'plants with many machines of a kind',
    nodes: [flow('3/Pump7', 7), flow('3/Pump8', 8), flow('4/Pump1', 1), flow('4/Fan1', 0)],
    tags: [{ browse }],
    what: async (parts) => {
      for (const [tag, value] of [['line3/pump7', 7], ['line3/pump8', 8], ['line4/pump1', 1]] as const) await reads(parts, tag, value) // prettier-ignore
      assert.equal(parts.source.rows().length, 3)
      assert.deepEqual(parts.source.events('node'), [])
    },
  },
  {
    name: 'a pattern below a path, whose ** stands for no level',
    source: 'plants with many machines of a kind',
    nodes: [flow('Hall/Pump7', 7), flow('Other/Pump8', 8)],
    tags: [{ browse: { below: '/Objects/2:Hall', match: '**/Pump*/Flow', tag: '{1}/pump{2}' } }],
    what: async (parts) => {
      await reads(parts, 'pump7', 7)
      assert.equal(parts.source.rows().length, 1)
    },
  },
  {
    name: 'a pattern that finds nothing',
    source: 'people',
    nodes: [flow('3/Pump7', 7)],
    tags: [{ browse: { match: '*/Pmp*/Flow', tag: '{1}/{2}' } }],
    isRefused: true,
    what: told('browse */Pmp*/Flow', /^no variable fits; the nearest are 3\/Pump7, 3$/),
  },
  {
    name: 'a pattern that gives two nodes one tag',
    source: 'people',
    nodes: [flow('3/Pump7', 7), flow('4/Pump7', 8)],
    tags: [{ browse: { match: '*/Pump*/Flow', tag: 'pump{2}' } }],
    isRefused: true,
    what: async (parts) => {
      await told('pump7', /^2 nodes give the tag pump7, .*: 3\/Pump7\/Flow, 4\/Pump7\/Flow$/)(parts)
      assert.deepEqual(parts.source.rows(), [])
    },
  },
  {
    name: 'a pattern over more nodes than are looked at',
    source: 'plants with many machines of a kind',
    nodes: Array.from({ length: 12 }, (_, i) => flow(`3/Pump${i}`, i)),
    tags: [{ browse: { ...browse, most: 6 } }],
    isRefused: true,
    what: told('browse **/Pump*/Flow', /^there are more than 6 nodes; raise most/),
  },
  {
    name: 'nodes come and go while connected',
    source: 'downloads that do not end the session',
    nodes: [flow('3/Pump7', 7), flow('3/Pump8', 8)],
    tags: [{ browse }],
    settings: { lookup: '300ms' },
    what: async (parts) => {
      const { server, source } = parts
      await reads(parts, 'line3/pump8', 8)
      await server.add(flow('3/Pump9', 9))
      await reads(parts, 'line3/pump9', 9)
      await server.remove('3/Pump8/Flow')
      await until('bad', () => source.rows('line3/pump8').at(-1)?.quality === Quality.bad)
      await until('vanished', () => source.events('node').length === 2)
      await server.add(flow('3/Pump8', 80))
      await reads(parts, 'line3/pump8', 80)
      await source.up()
      const told = source.events('node').map(({ change, tag }) => `${tag} ${change}`)
      assert.deepEqual(told, ['line3/pump9 appeared', 'line3/pump8 vanished', 'line3/pump8 appeared'])
      assert.deepEqual(
        source.gaps.map(({ detail }) => detail),
        ['1 nodes: the server did not serve them'],
      )
    },
  },
  {
    name: 'nodes are others after a restart',
    source: 'node ids that change with each download',
    nodes: [flow('3/Pump7', 7), flow('3/Pump8', 8)],
    tags: [{ browse }],
    what: async (parts) => {
      const { server, source } = parts
      await reads(parts, 'line3/pump8', 8)
      await server.kill()
      await server.launch([flow('3/Pump7', 70, { id: 'new' }), flow('3/Pump9', 9)])
      await reads(parts, 'line3/pump7', 70)
      await reads(parts, 'line3/pump9', 9)
      assert.equal(source.rows('line3/pump8').at(-1)?.quality, Quality.bad)
      const told = source.events('node').map(({ change, tag }) => `${tag} ${change}`)
      assert.deepEqual(told.sort(), ['line3/pump7 moved', 'line3/pump8 vanished', 'line3/pump9 appeared'])
    },
  },
]

/** Nodes that are named by where they stand. */
export const names = [...paths, ...patterns]
