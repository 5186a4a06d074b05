import assert from 'node:assert/strict'
import { Quality } from '../../../agent/core/index.ts'
import { Asyncua, AsyncuaServer, type AsyncuaNode } from '../../support/asyncua.ts'
import { Proxy } from '../../support/opcua-server-proxy.ts'
import { until } from '../../support/until.ts'
import { Running, quick } from '../../connectors/opcua/harness.ts'

const plant = 'http://millwright.test/plant'
const one: AsyncuaNode = { name: 'A', value: 0 }
const tag = (name: string) => ({ node: `nsu=${plant};s=${name}`, tag: name })
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

/** Servers of another stack, and what must come out: the versions before and after it learnt to republish. */
for (const version of ['1.1.8', '2.1.0'])
  describe(`field/opcua asyncua ${version}`, () => {
    let stack: Asyncua
    let server: AsyncuaServer
    let proxy: Proxy
    let source: Running

    before(async function () {
      const found = await Asyncua.install(version)
      if (typeof found === 'string') {
        // The reason stands in the list of what was skipped.
        this.test!.parent!.title += `: ${found}`
        return this.skip()
      }
      stack = found
    })
    after(() => (stack as Asyncua | undefined)?.remove())
    afterEach(async () => {
      ;(source as Running | undefined)?.stop()
      await (proxy as Proxy | undefined)?.close()
      await (server as AsyncuaServer | undefined)?.kill()
    })

    const start = async (nodes: readonly AsyncuaNode[], settings: object, history = 0, most?: number) => {
      server = await AsyncuaServer.start(stack, nodes, history)
      if (most !== undefined) await server.limit(most)
      proxy = await Proxy.before(server.port)
      source = new Running({ ...quick, security: 'none', endpoint: proxy.endpoint, ...settings })
    }
    const values = (name: string) =>
      source.rows(name).flatMap(({ value, quality }) => (quality === Quality.good ? [Number(value)] : []))
    const reads = (name: string, value: number) => until(`${name} ${value}`, () => values(name).includes(value))

    it('goes on after a cut, and asks for few notifications again', async () => {
      await start([one], { tags: [tag('A')] })
      await reads('A', 0)
      for (const value of upTo(3)) {
        proxy.cut()
        await until('down', () => source.status?.state === 'down')
        proxy.mend()
        await source.up()
        await server.write({ name: 'A', value })
        await reads('A', value)
      }
      assert.ok((await server.countRepublishes()) < 10)
    })

    it('obeys the limits of operations', async () => {
      const many = upTo(68).map((value) => ({ name: `Many${value}`, value }))
      await start(many, { tags: many.map(({ name }) => tag(name)) }, 0, 25)
      await until('all', () => new Set(source.rows().map((row) => row.tag)).size === many.length)
      assert.equal(source.status?.state, 'up')
    })

    it('connects again after a restart, and tells the gap', async () => {
      await start([one], { tags: [tag('A')] })
      await reads('A', 0)
      await server.kill()
      await until('down', () => source.status?.state === 'down')
      await server.launch([{ ...one, value: 5 }])
      await reads('A', 5)
      await until('gap', () => source.gaps.length === 1)
      assert.ok(source.gaps[0].from <= source.gaps[0].to)
    })

    it('reads history in pieces with continuation points', async () => {
      // Its history takes numeric ids only.
      await start(
        [{ ...one, id: 7, history: true }],
        { tags: [{ node: `nsu=${plant};i=7`, tag: 'A' }], backfill: true },
        40,
      )
      await reads('A', 0)
      const began = source.rows('A').at(-1)!.time
      proxy.cut()
      await until('down', () => source.status?.state === 'down')
      await server.dropSubscriptions()
      await server.write(...upTo(172).map((value) => ({ name: 'A', value, sourceTime: Math.ceil(began) + value })))
      proxy.mend()
      await until('all values', () => new Set(values('A')).size === 173)
      assert.deepEqual([...new Set(values('A'))].sort((a, b) => a - b), [0, ...upTo(172)]) // prettier-ignore
      assert.deepEqual(source.gaps, [])
    })

    it('finds nodes by path and by pattern, at another place after a download', async () => {
      const flow = (pump: number, id: string): AsyncuaNode => ({ name: `Pump${pump}/Flow`, folder: `Line3/Pump${pump}`, value: pump, id }) // prettier-ignore
      const path = ['Objects', ...['Line3', 'Pump7', 'Flow'].map((name) => `nsu=${plant};${name}`)]
      const tags = [
        { path: `/${path.join('/')}`, tag: 'flow7' },
        { browse: { match: '**/Pump*/Flow', tag: '{1}/pump{2}' } },
      ]
      await start([flow(7, 'a'), flow(8, 'b')], { tags })
      await reads('flow7', 7)
      await reads('Line3/pump7', 7)
      await reads('Line3/pump8', 8)
      await server.kill()
      await server.launch([flow(9, 'a'), { ...flow(7, 'c'), value: 70 }])
      await reads('flow7', 70)
      await reads('Line3/pump9', 9)
      const told = source.events('node').map(({ tag: name, change }) => `${name} ${change}`)
      assert.deepEqual(told.sort(), [
        'Line3/pump7 moved',
        'Line3/pump8 vanished',
        'Line3/pump9 appeared',
        'flow7 moved',
      ])
    })

    it('takes a node that was deleted and made again', async () => {
      await start([one], { tags: [tag('A')] })
      await reads('A', 0)
      await server.remove('A')
      await until('bad', () => source.rows('A').at(-1)?.quality === Quality.bad)
      await server.add({ ...one, value: 5 })
      await reads('A', 5)
      await server.write({ name: 'A', value: 6 })
      await reads('A', 6)
    })

    it('takes events', async () => {
      await start([one], { tags: [tag('A')], events: [{ asset: 'cell/{origin}' }] })
      await reads('A', 0)
      await server.trigger('Robot1', 'stopped by hand', 300)
      await until('report', () => source.events('report').length === 1)
      const [{ asset, message, severity, kind }] = source.events('report')
      assert.deepEqual([asset, message, severity, kind], ['cell/Robot1', 'stopped by hand', 300, 'BaseEventType'])
      assert.deepEqual(source.letters, [])
    })
  })
