import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  silentMetrics,
  systemClock,
  TagTable,
  type ConnectorContext,
  type ImageArrival,
  type Status,
} from '../../../agent/core/index.ts'
import { OpcuaImages } from '../../../connectors/images/opcua.ts'
import { opcuaSource } from '../../../connectors/images/settings.ts'
import { opcua } from '../../../connectors/opcua/index.ts'
import { OpcuaServer } from '../../support/opcua-server.ts'
import { Proxy } from '../../support/opcua-server-proxy.ts'
import { until } from '../../support/until.ts'
import { quick } from '../opcua/harness.ts'

const silent = () => undefined
/** Times of the PLC: minutes ago, so that they are told from arrivals; later ones in each test. */
let begin = Date.now() - 3_600_000

const camera = (n: number, sourceTime = begin + n * 1000) => ({ name: 'Image', value: Uint8Array.of(0xff, 0xd8, n), dataType: 'ByteString', sourceTime }) // prettier-ignore
const part = (name: string, sourceTime: number) => ({ name: 'Part', value: name, dataType: 'String', sourceTime })

/** 50 MB take their time. */
const patient = { keepalive: '10s', timeout: '20s' }

class Bench {
  readonly arrivals: ImageArrival[] = []
  readonly statuses: Status[] = []
  readonly #stop: () => void

  constructor(endpoint: string, folder: string, own: object = {}, largest = 1000) {
    const context: ConnectorContext = {
      name: 'camera',
      site: 'test',
      log: { debug: silent, info: silent, warn: silent, error: silent },
      metrics: silentMetrics,
      clock: systemClock,
      tags: new TagTable(),
      folder,
      report: (status) => this.statuses.push(status),
    }
    const settings = opcuaSource.parse({ type: 'opcua', connector: 'plc', image: 'ns=2;s=Image', part: 'ns=2;s=Part', publishing: '50ms', ...own }) // prettier-ignore
    const server = opcua.config.parse({ endpoint, ...quick, ...patient, tags: [{ node: 'ns=2;s=Part', tag: 'part' }] })
    const source = new OpcuaImages(settings, { settings: server, pki: join(folder, 'pki') }, context, largest)
    const subscription = source.images().subscribe((arrival) => this.arrivals.push(arrival))
    this.#stop = () => subscription.unsubscribe()
  }

  get rows(): string[] {
    return this.arrivals.map(({ image, part = '-', time }) => `${part} ${image[2]} ${time - begin}`)
  }

  /** What was said of connections that broke. */
  get downs(): string[] {
    return this.statuses.filter(({ state }) => state === 'down').map(({ message }) => message)
  }

  async has(count: number): Promise<void> {
    await until(
      () => `${count} images; there are ${this.rows.join(', ')} ${JSON.stringify(this.statuses.at(-1))}`,
      () => this.arrivals.length === count,
    )
  }

  async up(): Promise<void> {
    await until('it is connected', () => this.statuses.at(-1)?.state === 'up')
  }

  settle(): void {
    for (const { settled } of this.arrivals) settled?.(true)
  }

  stop(): void {
    this.#stop()
  }
}

describe('images over OPC UA', () => {
  let server: OpcuaServer
  let folder: string
  const benches: Bench[] = []
  const bench = (...args: [object?, number?]) => {
    const made = new Bench(server.endpoint, folder, ...args)
    benches.push(made)
    return made
  }
  before(async () => {
    server = await OpcuaServer.start([part('A', begin), camera(1), { name: 'Number', value: 7 }])
  })
  after(() => server.close())
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millwright-images-'))
    begin += 60_000
    await server.write(part('A', begin), camera(1))
  })
  afterEach(async () => {
    for (const each of benches.splice(0)) each.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('arrive with the part that was there at their time, also where several come at once', async () => {
    const images = bench()
    await images.has(1)
    await server.write(part('B', begin + 1500), camera(2), part('C', begin + 2500), camera(3), camera(4), part('D', begin + 4500)) // prettier-ignore
    await images.has(4)
    assert.deepEqual(images.rows, ['A 1 1000', 'B 2 2000', 'C 3 3000', 'C 4 4000'])
  })

  it('are images of their own where the bytes are the same at another time', async () => {
    const images = bench()
    await images.has(1)
    await server.write(camera(1, begin + 5000))
    await images.has(2)
    assert.deepEqual(images.rows, ['A 1 1000', 'A 1 5000'])
  })

  it('go on after the server was gone, and what it sends again is none', async () => {
    const images = bench()
    await images.has(1)
    images.settle()
    await server.kill()
    await until('the loss is told', () => images.statuses.at(-1)?.state === 'down')
    await server.launch()
    await server.write(part('A', begin), camera(1))
    await images.up()
    await server.write(part('B', begin + 7000), camera(8))
    await images.has(2)
    assert.deepEqual(images.rows, ['A 1 1000', 'B 8 8000'])
  })

  it('that had their verdict are not judged again by an agent that starts anew', async () => {
    const first = bench()
    await first.has(1)
    first.settle()
    first.stop()
    await until('the session is closed', async () => (await server.look()).sessions === 0)
    const second = bench()
    await second.up()
    await server.write(camera(2))
    await second.has(1)
    assert.deepEqual(second.rows, ['A 2 2000'])
  })

  it('that are too large are cut, so that they are refused and not held', async () => {
    const images = bench({}, 100)
    await images.has(1)
    await server.write({ name: 'Image', value: new Uint8Array(3_000_000), dataType: 'ByteString', sourceTime: begin + 9000 }) // prettier-ignore
    await images.has(2)
    assert.equal(images.arrivals[1].image.length, 101)
  })

  it('of 50 MB arrive whole, where the station takes them', async () => {
    const images = bench({}, 60_000_000)
    await images.has(1)
    const large = new Uint8Array(50_000_000).fill(7)
    await server.write({ ...camera(2), value: large })
    await images.has(2)
    assert.ok(Buffer.from(large).equals(images.arrivals[1].image))
    await server.write(camera(3))
    await images.has(3)
    assert.deepEqual(images.downs, [])
  })

  it('that are longer than a message may be are told with their part, and the next one comes', async () => {
    const images = bench()
    await images.has(1)
    await server.write(part('B', begin + 1500), { ...camera(2), value: new Uint8Array(50_000_000) })
    await images.has(2)
    const { image, part: named, time, subject, unsent } = images.arrivals[1]
    assert.deepEqual([image.length, named, time, subject], [0, 'B', begin + 2000, 'ns=2;s=Image'])
    assert.equal(unsent, 'the server could not send the image: BadResponseTooLarge')
    const { state, remedy } = images.statuses.at(-1)!
    assert.equal(state, 'degraded')
    assert.match(remedy!, /bounds\.bytes/)
    await server.write(part('C', begin + 2500), camera(3))
    await images.has(3)
    assert.equal(images.rows.at(-1), 'C 3 3000')
    assert.deepEqual(images.statuses.map((status) => status.state), ['connecting', 'up', 'degraded', 'up']) // prettier-ignore
  })

  describe('of a server with bounds of its own', function () {
    const closing: { close(): Promise<void> }[] = []
    const start = async (chunks: number) => {
      const own = await OpcuaServer.start([part('A', begin), camera(1)], { messages: { bytes: 100_000_000, chunks } })
      closing.push(own)
      return own
    }
    const watch = async (endpoint: string, largest?: number) => {
      const made = new Bench(endpoint, folder, {}, largest)
      benches.push(made)
      await made.has(1)
      return made
    }
    afterEach(async () => {
      for (const each of closing.splice(0).reverse()) await each.close()
    })

    it('that fails at a notification, are told without a part, and the next one comes', async () => {
      const own = await start(16)
      const images = await watch(own.endpoint)
      await own.write({ ...camera(2), value: new Uint8Array(3_000_000) })
      await images.has(2)
      const { image, part: named, unsent } = images.arrivals[1]
      assert.deepEqual([image.length, named, unsent], [0, undefined, 'the server could not send the image'])
      assert.equal(images.statuses.at(-1)?.state, 'degraded')
      await own.write(part('B', begin + 2500), camera(3))
      await images.has(3)
      assert.equal(images.rows.at(-1), 'B 3 3000')
      assert.deepEqual(images.statuses.map(({ state }) => state), ['connecting', 'up', 'degraded', 'up']) // prettier-ignore
    })

    it('that sends more than it was asked to, are cut, and the next one comes', async () => {
      const own = await start(9_000)
      const images = await watch(own.endpoint)
      await own.write({ ...camera(2), value: new Uint8Array(50_000_000) })
      await images.has(2)
      assert.equal(images.arrivals[1].image.length, 1001)
      await own.write(camera(3))
      await images.has(3)
      assert.deepEqual(images.downs, [])
    })

    it('that takes short requests only, arrive whole', async () => {
      const own = await start(9_000)
      const proxy = await Proxy.before(own.port, 65_536)
      closing.push(proxy)
      const images = await watch(proxy.endpoint, 60_000_000)
      await own.write({ ...camera(2), value: new Uint8Array(50_000_000) })
      await images.has(2)
      assert.equal(images.arrivals[1].image.length, 50_000_000)
      assert.deepEqual(images.downs, [])
    })

    it('that sends more than it says, and more than can be taken, cost the connection, and the next one comes', async () => {
      const own = await start(9_000)
      const proxy = await Proxy.before(own.port, 65_536)
      closing.push(proxy)
      const images = await watch(proxy.endpoint)
      await own.write({ ...camera(2), value: new Uint8Array(70_000_000) })
      await until('the loss is told', () => images.statuses.at(-1)?.remedy?.includes('longest message') === true)
      await own.write(part('B', begin + 2500), camera(3))
      await until(() => `the next one is there; there are ${images.rows.join(', ')} ${JSON.stringify(images.statuses)}`, () => images.rows.at(-1) === 'B 3 3000') // prettier-ignore
    })
  })

  it('have no part where there is no node for it', async () => {
    const images = bench({ part: undefined })
    await images.has(1)
    assert.deepEqual(images.rows, ['- 1 1000'])
  })

  it('are not what a node of another type holds', async () => {
    const images = bench({ image: 'ns=2;s=Number' })
    await until('it is told', () =>
      images.statuses.some(({ message }) => message.includes('not the bytes of an image')),
    )
    assert.equal(images.arrivals.length, 0)
  })
})
