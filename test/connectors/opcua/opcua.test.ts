// Longer than others: one server with many nodes takes long to start, and all of these share it.
import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Quality } from '../../../agent/core/index.ts'
import { OPCUACertificateManager } from 'node-opcua-certificate-manager'
import { approveCertificate, listCertificates, revokeCertificate } from '../../../connectors/opcua/index.ts'
import { Proxy } from '../../support/opcua-server-proxy.ts'
import { OpcuaServer } from '../../support/opcua-server.ts'
import type { ServerNode } from '../../support/opcua-server.ts'
import { until } from '../../support/until.ts'
import { Running, quick, temporaryFolder } from './harness.ts'

const many: ServerNode[] = Array.from({ length: 100 }, (_, i) => ({ name: `Many${i}`, value: i }))

/** The value of every type, as the server has it and as the sample should be. */
const types: (ServerNode & { becomes: number | string | bigint })[] = [
  { name: 'Boolean', dataType: 'Boolean', value: true, becomes: 1 },
  { name: 'SByte', dataType: 'SByte', value: -5, becomes: -5 },
  { name: 'Byte', dataType: 'Byte', value: 250, becomes: 250 },
  { name: 'Int16', dataType: 'Int16', value: -32_768, becomes: -32_768 },
  { name: 'UInt16', dataType: 'UInt16', value: 65_535, becomes: 65_535 },
  { name: 'Int32', dataType: 'Int32', value: -12, becomes: -12 },
  { name: 'UInt32', dataType: 'UInt32', value: 4_294_967_284, becomes: 4_294_967_284 },
  { name: 'Int64', dataType: 'Int64', value: [0xffff_ffff, 0xffff_fffb], becomes: -5 },
  { name: 'Int64Max', dataType: 'Int64', value: [0x7fff_ffff, 0xffff_ffff], becomes: 2n ** 63n - 1n },
  { name: 'Int64Min', dataType: 'Int64', value: [0x8000_0000, 0], becomes: -(2n ** 63n) },
  { name: 'UInt64', dataType: 'UInt64', value: [1, 1], becomes: 4_294_967_297 },
  { name: 'Float', dataType: 'Float', value: 0.5, becomes: 0.5 },
  { name: 'Double', dataType: 'Double', value: 1e-9, becomes: 1e-9 },
  { name: 'String', dataType: 'String', value: 'Grüße', becomes: 'Grüße' },
  {
    name: 'DateTime',
    dataType: 'DateTime',
    value: '2024-05-06T07:08:09.123Z',
    becomes: Date.UTC(2024, 4, 6, 7, 8, 9, 123),
  },
  { name: 'Text', dataType: 'LocalizedText', value: { text: 'läuft', locale: 'de' }, becomes: 'läuft' },
]

describe('opcua source', function () {
  const pki = temporaryFolder()
  let server: OpcuaServer
  const running: Running[] = []
  const proxies: Proxy[] = []

  const run = (settings: object, folder?: string): Running => {
    const one = new Running({ ...quick, pki, endpoint: server.endpoint, ...settings }, folder)
    running.push(one)
    return one
  }
  const tag = (name: string, more: object = {}) => ({ node: `ns=2;s=${name}`, tag: `line/${name}`, ...more })

  before(async () => {
    server = await OpcuaServer.start(
      [
        ...types,
        ...many,
        { name: 'A', value: 1 },
        { name: 'B', value: 1 },
        { name: 'Huge', dataType: 'UInt64', value: [0xffff_ffff, 0xffff_ffff] },
        { name: 'State', dataType: 'Int32', value: 2, enumeration: ['idle', 'starting', 'running'] },
        { name: 'Wave', dataType: 'Float', value: [1, 2, 3, 4] },
        { name: 'Waiting', value: null, status: 'BadWaitingForInitialData' },
        { name: 'Kept', value: 1, history: true },
      ],
      {
        users: { operator: 'correct horse' },
        capabilities: { maxMonitoredItemsPerCall: 30, maxSessions: 8, minSupportedSampleRate: 0 },
      },
    )
  })
  afterEach(async () => {
    for (const one of running.splice(0)) one.stop()
    await until('sessions closed', async () => (await server.look()).sessions === 0)
    for (const proxy of proxies.splice(0)) await proxy.close()
  })
  after(async () => {
    await server.close()
    rmSync(pki, { recursive: true, force: true })
  })

  describe('trust', () => {
    it('waits for approval of an unknown certificate, and connects after it without a restart', async () => {
      const own = temporaryFolder()
      const source = run({ pki: own, trust: 'pending', tags: [tag('A')] })
      await until('refused', () => source.status?.state === 'down')
      const [pending] = await listCertificates(own)
      assert.equal(pending.state, 'pending')
      assert.match(source.status!.message, /is not trusted yet/)
      assert.match(source.status!.remedy!, new RegExp(`millwright trust approve ${pending.thumbprint}$`))
      assert.equal((await server.look()).sessions, 0)

      await approveCertificate(own, pending.thumbprint)
      await source.up()
      await until('value', () => source.values('line/A').length > 0)
      const trusted = (await listCertificates(own)).find(({ thumbprint }) => thumbprint === pending.thumbprint)
      assert.equal(trusted?.state, 'trusted')

      await revokeCertificate(own, pending.thumbprint.slice(0, 8))
      const again = run({ pki: own, trust: 'pending', tags: [tag('A')] })
      await until('refused again', () => again.status?.state === 'down')
      await assert.rejects(approveCertificate(own, 'ffffffffffff'), { code: 'SOURCE_UNTRUSTED' })
    })
  })

  describe('identity', () => {
    it('signs in with a user name, and says what to do when the password is wrong', async () => {
      const right = run({ identity: { user: 'operator', password: 'correct horse' }, tags: [tag('A')] })
      await right.up()
      assert.deepEqual((await server.look()).identities, ['operator'])
      const wrong = run({ identity: { user: 'operator', password: 'battery' }, tags: [tag('A')] })
      await until('refused', () => wrong.status?.state === 'down')
      assert.match(wrong.status!.message, /refuses the identity/)
      assert.match(wrong.status!.remedy!, /identity/)
      assert.doesNotMatch(JSON.stringify(wrong.statuses), /battery/)
    })

    it('signs in with a certificate', async () => {
      const manager = new OPCUACertificateManager({ rootFolder: join(pki, 'user'), disableFileWatchers: true })
      await manager.initialize()
      const certificate = join(pki, 'user', 'operator.pem')
      await manager.createSelfSignedCertificate({
        applicationUri: 'urn:operator',
        dns: ['localhost'],
        outputFile: certificate,
        subject: '/CN=operator',
        startDate: new Date(),
        validity: 10,
      })
      await manager.dispose()
      assert.match(readFileSync(manager.privateKey, 'utf8'), /PRIVATE KEY/)
      const source = run({
        identity: { certificate_file: certificate, key_file: manager.privateKey },
        tags: [tag('A')],
      })
      await source.up()
      assert.deepEqual((await server.look()).identities, ['CN=operator'])
    })
  })

  describe('values', () => {
    it('keeps values of all types exact', async () => {
      const source = run({ tags: types.map(({ name }) => tag(name)) })
      await until('all values', () => source.rows().length >= types.length)
      for (const { name, becomes } of types) assert.deepEqual(source.values(`line/${name}`), [becomes], name)
      assert.equal(source.tags.find('line/Boolean')!.type, 'boolean')
      assert.equal(source.tags.find('line/Int64')!.type, 'integer')
      assert.equal(source.tags.find('line/Double')!.type, 'number')
      assert.equal(source.tags.find('line/String')!.type, 'text')
      assert.equal(source.tags.find('line/Double')!.reporting, 'change')
    })

    it('gives an enum as its number, or as its name where the tag is text', async () => {
      const source = run({ tags: [tag('State'), { ...tag('State', { type: 'text' }), tag: 'line/state-name' }] })
      await until('both', () => source.rows().length === 2)
      assert.deepEqual(source.values('line/State'), [2])
      assert.deepEqual(source.values('line/state-name'), ['running'])
    })

    it('turns an array into a waveform where there is a rate, into element tags otherwise', async () => {
      const source = run({ tags: [tag('Wave', { rate: 1_000 }), { ...tag('Wave'), tag: 'line/element' }] })
      await until('all', () => source.rows().length === 8)
      const wave = source.rows('line/Wave')
      assert.deepEqual(source.values('line/Wave'), [1, 2, 3, 4])
      for (let i = 1; i < 4; i++) assert.ok(Math.abs(wave[i].time - wave[i - 1].time - 1) < 1e-3)
      assert.equal(wave[3].time, source.rows('line/element/3')[0].time)
      assert.deepEqual(source.values('line/element/2'), [3])
    })

    it('puts an integer aside that 64 bits signed cannot hold', async () => {
      const source = run({ tags: [tag('Huge')] })
      await until('letter', () => source.letters.length === 1)
      assert.equal(source.letters[0].reason, 'value')
      assert.match(source.letters[0].detail, /18446744073709551615/)
      assert.deepEqual(
        source.rows().map(({ quality }) => quality),
        [Quality.bad],
      )
    })

    it('puts values aside that are not of the type of the tag, and goes on with those that are', async () => {
      const source = run({ tags: [tag('B')] })
      await until('first', () => source.rows().length === 1)
      await server.write({ name: 'B', dataType: 'String', value: 'broken' })
      await until('letter', () => source.letters.length === 1)
      await server.write({ name: 'B', value: NaN })
      await until('letter', () => source.letters.length === 2)
      await server.write({ name: 'B', value: 3 })
      await until('last', () => source.values('line/B').includes(3))
      const [type, value] = source.letters
      assert.deepEqual([type.reason, type.subject, type.rows], ['type', 'ns=2;s=B', 1])
      assert.match(type.detail, /line\/B: the node sends text, the tag holds number/)
      assert.equal(Buffer.from(type.payload).toString(), 'broken')
      assert.equal(value.reason, 'value')
    })

    it('keeps the quality, and makes a missing value a bad one', async () => {
      const source = run({ tags: [tag('A'), tag('Waiting')] })
      await until('first', () => source.rows().length === 2)
      await server.write({ name: 'A', value: 2, status: 'UncertainLastUsableValue' })
      await until('uncertain', () => source.rows('line/A').some((row) => row.quality === 1 && row.value === 2))
      await server.write({ name: 'A', value: 2, status: 'BadSensorFailure' })
      await until('bad', () => source.rows('line/A').some((row) => row.quality === 2 && row.value === 2))
      await server.write({ name: 'A', value: null })
      await until('null', () => source.rows('line/A').some((row) => row.quality === 2 && Number.isNaN(row.value)))
      const [waiting] = source.rows('line/Waiting')
      assert.equal(waiting.quality, 2)
      assert.ok(Number.isNaN(waiting.value))
      assert.equal(source.tags.find('line/Waiting')!.type, 'number')
    })

    it('replaces absurd times and tells the skew of clocks', async () => {
      const source = run({ tags: [tag('A')] })
      await until('first', () => source.rows().length >= 1)
      const start = Date.now()
      await server.write({ name: 'A', value: 1601, sourceTime: '1602-01-01T00:00:00Z' })
      await until('1601', () => source.values('line/A').includes(1601))
      await server.write({ name: 'A', value: 2200, sourceTime: '2200-01-01T00:00:00Z' })
      await until('2200', () => source.values('line/A').includes(2200))
      for (const row of source.rows('line/A').slice(-2)) assert.ok(Math.abs(row.time - start) < 60_000)
      const repaired = ['server', 'arrival'].map(
        (fallback) => source.counts.get(`repaired_times_total/${fallback}`) ?? 0,
      )
      assert.equal(repaired[0] + repaired[1], 2)
      for (const value of [1, 2, 3]) {
        await server.write({ name: 'A', value, sourceTime: Date.now() + 3_600_000 })
        await until('ahead', () =>
          source.rows('line/A').some((row) => row.value === value && row.time > start + 3_000_000),
        )
      }
      assert.ok(Math.abs(source.gauges.get('clock_skew_seconds')! + 3_600) < 60)
    })
  })

  describe('nodes', () => {
    it('quarantines nodes that do not exist, harms no other, and takes them in when they appear', async () => {
      const source = run({
        tags: [
          tag('A'),
          tag('Later'),
          { node: 'nsu=http://nowhere;s=X', tag: 'line/x' },
          tag('B', { deadband: { percent: 5 } }),
        ],
      })
      await until('degraded', () => source.status?.state === 'degraded')
      await until('the good one', () => source.values('line/A').length > 0)
      assert.match(source.status!.items!['ns=2;s=Later'], /BadNodeIdUnknown/)
      assert.match(source.status!.items!['nsu=http://nowhere;s=X'], /no namespace http:\/\/nowhere/)
      // A percentage without a range costs the filter, not the node.
      assert.equal(source.status!.items!['ns=2;s=B'], undefined)
      assert.match(source.status!.message, /refuses the filter of 1 nodes/)
      assert.equal(source.gauges.get('quarantined_items'), 2)
      await server.add({ name: 'Later', value: 42 })
      await until('the late one', () => source.values('line/Later').includes(42))
      await until('one left', () => source.gauges.get('quarantined_items') === 1)
    })

    it('reads many nodes through several subscriptions, in the pieces that the server takes', async () => {
      const source = run({ items_per_subscription: 40, tags: many.map(({ name }) => tag(name)) })
      await until('all values', () => new Set(source.rows().map((row) => row.tag)).size === 100)
      assert.equal((await server.look()).subscriptions, 3)
      assert.equal(source.rows().length, 100)
      const before = source.arrivals.length
      await server.write(...many.map(({ name }) => ({ name, value: 1_000 })))
      await until('all changes', () => source.rows().filter((row) => row.value === 1_000).length === 100)
      assert.ok(source.arrivals.length - before <= 20, 'a batch for a notification, not for a value')
    })

    it('sends what changes by more than the deadband', async () => {
      const source = run({ tags: [tag('Many1', { deadband: { absolute: 10 } }), tag('Many2')] })
      await until('first', () => source.rows().length === 2)
      await server.write({ name: 'Many1', value: 1_005 }, { name: 'Many1', value: 1_020 }, { name: 'Many2', value: 7 })
      await until('last', () => source.values('line/Many2').includes(7) && source.values('line/Many1').includes(1_020))
      assert.ok(!source.values('line/Many1').includes(1_005))
    })
  })

  describe('storing', () => {
    it('asks again for a notification that could not be stored', async () => {
      const source = run({ tags: [tag('A')] })
      await until('first', () => source.rows().length === 1)
      source.storing = false
      await server.write({ name: 'A', value: 77 })
      await until('refused', () => source.values('line/A').includes(77))
      source.storing = true
      await until('delivered again', () => {
        const arrival = source.arrivals.at(-1)!
        return source.values('line/A').filter((value) => value === 77).length > 1 && arrival.batch.value.includes(77)
      })
      assert.equal(source.gaps.length, 0)
    })

    it('stops reading while the journal is behind, and goes on where it stopped', async () => {
      const source = run({ queue: 500, tags: [tag('A')] })
      await until('first', () => source.rows().length === 1)
      source.storing = undefined
      let sent = 0
      await until('paused', async () => {
        await server.write({ name: 'A', value: 10_000 + sent++ })
        return source.counts.get('paused_total') === 1
      })
      for (let i = 0; i < 20; i++) await server.write({ name: 'A', value: 10_000 + sent++ })
      assert.ok(source.arrivals.length < 90)
      source.storing = true
      for (const arrival of source.arrivals.slice(-64)) arrival.settled?.(true)
      await until(
        'all',
        () => new Set(source.values('line/A').filter((value) => Number(value) >= 10_000)).size === sent,
      )
    })
  })

  describe('outages', () => {
    it('loses and repeats nothing when the connection breaks and the server stays', async () => {
      const proxy = await Proxy.before(server.port)
      proxies.push(proxy)
      const source = run({ endpoint: proxy.endpoint, queue: 100, tags: [tag('A'), tag('Many5')] })
      await until('first', () => source.rows().length === 2)
      const now = Date.now()
      // A millisecond each, so that no two values have the same time.
      const write = (value: number) => server.write({ name: 'A', value, sourceTime: now + value })
      for (let value = 100; value < 110; value++) await write(value)
      proxy.cut()
      await until('lost', () => source.status?.state === 'down')
      for (let value = 110; value < 120; value++) await write(value)
      proxy.mend()
      await source.up()
      await write(120)
      await until('the last', () => source.values('line/A').includes(120))
      const written = Array.from({ length: 21 }, (_, i) => 100 + i)
      const byTime = new Map(source.rows('line/A').map((row) => [row.time, row.value]))
      assert.deepEqual(
        written.map((value) => byTime.get(now + value)),
        written,
      )
      // The mark of the loss has no value.
      const values = source.rows('line/A').filter(({ quality }) => quality !== 2)
      const delivered = values.filter((row) => row.time >= now + 100 && row.time <= now + 120)
      assert.equal(delivered.length, written.length)
      assert.equal(source.gaps.length, 0)
      assert.equal(source.counts.get('reconnects_total'), 1)
      // Silence means that a value holds: a loss ends that, and the value holds again from the reconnection on.
      const quiet = source.rows('line/Many5').slice(1)
      assert.deepEqual(
        quiet.map((row) => row.quality),
        [2, 0],
      )
      assert.ok(quiet[1].time >= quiet[0].time)
    })

    it('rebuilds the client when data and keep-alives stop although the connection looks alive', async () => {
      const proxy = await Proxy.before(server.port)
      proxies.push(proxy)
      const source = run({ endpoint: proxy.endpoint, keepalive: '300ms', watchdog: 2, tags: [tag('A')] })
      await until('first', () => source.rows().length === 1)
      proxy.silence()
      await server.write({ name: 'A', value: 500 })
      await until('rebuilt', () => source.counts.get('rebuilds_total') === 1)
      assert.match(source.status!.message, /neither data nor keep-alive/)
      proxy.mend()
      await source.up()
      await server.write({ name: 'A', value: 501 })
      await until('both values', () => [500, 501].every((value) => source.values('line/A').includes(value)))
    })

    it('rebuilds the client when the server answers everything and sends neither data nor keep-alives', async () => {
      const source = run({ keepalive: '300ms', watchdog: 2, tags: [tag('A')] })
      await until('first', () => source.rows().length === 1)
      await server.mute()
      await server.write({ name: 'A', value: 510 })
      await until('rebuilt', () => (source.counts.get('rebuilds_total') ?? 0) >= 1)
      assert.ok(source.statuses.some(({ message }) => /neither data nor keep-alive/.test(message)))
      await server.unmute()
      await server.write({ name: 'A', value: 511 })
      await until('both values', () => [510, 511].every((value) => source.values('line/A').includes(value)))
      await source.up()
      assert.equal(source.gaps.length, 0)
    })

    it('takes its subscriptions over into a new session when the server has closed the old one', async () => {
      const source = run({ tags: [tag('A')] })
      await until('first', () => source.rows().length === 1)
      await server.dropSessions()
      await server.write({ name: 'A', value: 550 })
      await until('connected again', () => source.counts.get('reconnects_total') === 1)
      await server.write({ name: 'A', value: 551 })
      await until('both', () => [550, 551].every((value) => source.values('line/A').includes(value)))
      assert.equal(source.gaps.length, 0)
      const { sessions, subscriptions } = await server.look()
      assert.deepEqual([sessions, subscriptions], [1, 1])
    })

    it('makes subscriptions anew, and records the gap, where the server cannot transfer them', async () => {
      const plain = await OpcuaServer.start([{ name: 'A', value: 1 }], { transfers: false })
      try {
        const source = run({ endpoint: plain.endpoint, tags: [tag('A')] })
        await until('first', () => source.rows().length === 1)
        await plain.dropSessions()
        await plain.write({ name: 'A', value: 560 })
        await until('connected again', () => source.counts.get('reconnects_total') === 1)
        await plain.write({ name: 'A', value: 561 })
        await until('the later value', () => source.values('line/A').includes(561))
        await until('gap', () => source.gaps.length === 1)
        assert.equal(source.status?.state, 'up')
        source.stop()
        await until('closed', async () => (await plain.look()).sessions === 0)
      } finally {
        await plain.close()
      }
    })

    it('says so when a server accepts connections and never answers, and connects once it does', async () => {
      const proxy = await Proxy.before(server.port)
      proxies.push(proxy)
      proxy.silence()
      const source = run({ endpoint: proxy.endpoint, timeout: '500ms', tags: [tag('A')] })
      await until('down', () => source.status?.state === 'down')
      assert.match(source.status!.message, /does not answer/)
      proxy.mend()
      await source.up()
    })

    it('makes subscriptions anew when the server has dropped them', async () => {
      const source = run({ tags: [tag('A')] })
      await until('first', () => source.rows().length === 1)
      await server.dropSubscriptions()
      await until('recorded', () => source.gaps.length === 1)
      await source.up()
      await server.write({ name: 'A', value: 600 })
      await until('later value', () => source.values('line/A').includes(600))
      assert.equal((await server.look()).sessions, 1)
    })

    it('reads what it missed from the history of the server, where it is told to', async () => {
      const source = run({ backfill: true, tags: [tag('Kept')] })
      await until('first', () => source.rows().length === 1)
      await server.dropSubscriptions()
      await server.write({ name: 'Kept', value: 2 })
      await server.write({ name: 'Kept', value: 3 })
      await source.up()
      await until('both', () => [2, 3].every((value) => source.values('line/Kept').includes(value)))
      assert.equal(source.gaps.length, 0)
    })

    it('records what a crash of the agent may have missed', async () => {
      const folder = temporaryFolder()
      const first = run({ tags: [tag('A')] }, folder)
      await until('saved', () => {
        try {
          return Number(readFileSync(join(folder, 'last-stored'), 'utf8')) > 0
        } catch {
          return false
        }
      })
      const saved = Number(readFileSync(join(folder, 'last-stored'), 'utf8'))
      const second = run({ tags: [tag('A')] }, folder)
      await until('gap', () => second.gaps.length === 1)
      assert.ok(second.gaps[0].from >= saved && second.gaps[0].to >= second.gaps[0].from)
      assert.equal(first.gaps.length, 0)
    })

    it('delivers all later values after the server was killed and started again, and records the gap', async () => {
      const source = run({ tags: [tag('A'), tag('Many7')] })
      await until('first', () => source.rows().length === 2)
      await server.kill()
      await until('down', () => source.status?.state === 'down')
      assert.deepEqual(
        source
          .rows()
          .slice(-2)
          .map((row) => row.quality),
        [2, 2],
      )
      await server.launch()
      await source.up()
      for (const value of [801, 802, 803]) await server.write({ name: 'A', value })
      await until('later values', () => source.values('line/A').includes(803))
      assert.deepEqual(
        source.values('line/A').filter((value) => Number(value) > 800),
        [801, 802, 803],
      )
      await until('gap', () => source.gaps.length === 1)
      const [gap] = source.gaps
      assert.ok(gap.from < gap.to && gap.source === 'plc')
    })
  })

  describe('security', () => {
    it('does not downgrade to an endpoint without security, and says what the server offers', async () => {
      const open = await OpcuaServer.start([{ name: 'A', value: 1 }], {
        insecure: true,
        capabilities: { maxSessions: 1 },
      })
      try {
        const source = run({ endpoint: open.endpoint, tags: [tag('A')] })
        await until('refused', () => source.status?.state === 'down')
        assert.match(
          source.status!.message,
          /no endpoint with SignAndEncrypt and Basic256Sha256 or better; it offers None/,
        )
        assert.match(source.status!.remedy!, /security: none/)
        assert.equal((await open.look()).sessions, 0)
        const user = { user: 'operator', password: 'correct horse' }
        const refused = run({ endpoint: open.endpoint, security: 'none', identity: user, tags: [tag('A')] })
        await until('refused', () => refused.status?.state === 'down')
        assert.match(refused.status!.message, /does not accept this kind of identity/)
        refused.stop()
        const proxy = await Proxy.before(open.port)
        proxies.push(proxy)
        const allowed = run({ endpoint: proxy.endpoint, security: 'none', tags: [tag('A')] })
        await allowed.up()
        await until('value', () => allowed.values('line/A').length === 1)
        // A PLC with a single session: the agent goes on with the one it has.
        proxy.cut()
        await until('lost', () => allowed.status?.state === 'down')
        proxy.mend()
        await allowed.up()
        assert.equal((await open.look()).sessions, 1)
        allowed.stop()
        await until('closed', async () => (await open.look()).sessions === 0)
      } finally {
        await open.close()
      }
    })
  })
})
