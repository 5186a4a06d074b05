import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Aedes } from 'aedes'
import { connectAsync } from 'mqtt'
import { makeCertificates, type Certificates } from '../../support/certificates.ts'
import {
  freePort,
  hasMosquitto,
  type Mosquitto,
  type MosquittoOptions,
  startMosquitto,
} from '../../support/mosquitto.ts'
import { type Settings, SourceRun } from './harness.ts'

const topics = [{ filter: 'plant/#' }]

describe('connectors/mqtt connection', () => {
  const brokers: Mosquitto[] = []
  const runs: SourceRun[] = []
  const start = async (options: MosquittoOptions) => {
    const broker = await startMosquitto(options)
    brokers.push(broker)
    return broker
  }
  const run = (settings: Settings) => {
    const started = new SourceRun({ topics, ...settings }).start()
    runs.push(started)
    return started
  }
  const down = async (settings: Settings) => {
    const failing = run(settings)
    await failing.until('is down', () => failing.context.status?.state === 'down')
    return failing.context.status!
  }

  afterEach(async () => {
    for (const started of runs.splice(0)) started.dispose()
    await Promise.all(brokers.splice(0).map((broker) => broker.dispose()))
  })

  it('says that nothing listens', async () => {
    const url = `mqtt://127.0.0.1:${await freePort()}`
    const status = await down({ url })
    assert.equal(status.message, `${url}: refused: nothing listens there`)
    assert.match(status.remedy!, /whether the broker runs/)
  })

  it('says that a host name is unknown', async () => {
    const status = await down({ url: 'mqtt://broker.invalid' })
    assert.match(status.message, /host name is unknown|DNS does not answer/)
  })

  it('says that a server does not answer, or is no broker', async () => {
    const server = createServer((socket) =>
      socket.on('error', () => undefined).write('HTTP/1.1 400 Bad Request\r\n\r\n'),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`
    const status = await down({ url, connect_timeout: '200ms' })
    assert.match(status.message, /no answer in time|closed the connection|does not speak|packet|flag/i)
    server.close()
  })

  for (const version of ['3.1.1', 5] as const) {
    it(`says that user name or password are wrong (MQTT ${version})`, async function () {
      if (!hasMosquitto) this.skip()
      const { url } = await start({ users: { press: 'right' } })
      const status = await down({ url, version, username: 'press', password: 'wrong' })
      assert.match(status.message, /not authorized|wrong user name or password/)
      assert.match(status.remedy!, /password_file/)
      assert.ok(!JSON.stringify(status).includes('wrong-'))
      const right = run({ url, version, username: 'press', password: 'right' })
      await right.until('is up', () => right.context.status?.state === 'up')
    })
  }

  it('says in words why the broker ended the connection', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      // CONNACK to the first packet, DISCONNECT with "session taken over" to the second.
      const answers = ['2003000000', 'e0018e']
      socket.on('data', () => {
        const answer = answers.shift()
        if (answer !== undefined) socket.write(Buffer.from(answer, 'hex'))
        if (answers.length === 0) socket.end()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    const status = await down({ url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}` })
    assert.match(status.message, /another client has connected with the same client id/)
    assert.match(status.remedy!, /client_id/)
    server.close()
  })

  it('is degraded while the broker refuses a subscription, and names it', async () => {
    const broker = await Aedes.createBroker()
    let allowed = false
    broker.authorizeSubscribe = (_, subscription, done) => {
      done(null, subscription.topic === 'secret/#' && !allowed ? null : subscription)
    }
    const server = createServer((socket) => broker.handle(socket))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`
    const refused = run({ url, version: '3.1.1', topics: [...topics, { filter: 'secret/#' }] })
    await refused.until('is degraded', () => refused.context.status?.state === 'degraded')
    const { items, message } = refused.context.status!
    assert.deepEqual(items, { 'secret/#': 'the broker refuses without a reason' })
    assert.match(message, /1 of 2 subscriptions/)
    allowed = true
    await refused.until('is up, after it was tried again', () => refused.context.status?.state === 'up')
    refused.stop()
    await new Promise<void>((resolve) => broker.close(() => resolve()))
    server.close()
  })

  it('speaks MQTT over websockets', async function () {
    if (!hasMosquitto) this.skip()
    const broker = await start({ websockets: true })
    const web = run({ url: `ws://127.0.0.1:${broker.websocketPort!}/mqtt` })
    await web.until('is up', () => web.context.status?.state === 'up')
    const publisher = await connectAsync(broker.url)
    await publisher.publishAsync('plant/a', '5', { qos: 1 })
    await web.until('received', () => web.rows.length === 1)
    await publisher.endAsync()
  })

  describe('TLS (needs mosquitto and openssl)', function () {
    let files: Certificates

    before(function () {
      if (!hasMosquitto) this.skip()
      files = makeCertificates()
    })

    after(() => {
      if (hasMosquitto) rmSync(files.folder, { recursive: true })
    })

    it('trusts a broker whose certificate comes from the configured authority', async () => {
      const { url } = await start({ tls: files })
      const secure = run({ url, tls: { ca: files.ca } })
      await secure.until('is up', () => secure.context.status?.state === 'up')
    })

    it('refuses a broker of an unknown authority, and says how to mend it', async () => {
      const { url } = await start({ tls: files })
      const status = await down({ url })
      assert.match(status.message, /unknown authority/)
      assert.match(status.remedy!, /tls\.ca/)
    })

    it('refuses a certificate for another host', async () => {
      const { url } = await start({ tls: files })
      const status = await down({ url, tls: { ca: files.ca, servername: 'other.example' } })
      assert.match(status.message, /for another host/)
    })

    it('shows its own certificate, with an encrypted key, where the broker asks for one', async () => {
      const { url } = await start({ tls: { ...files, requireCertificate: true } })
      const tls = { ca: files.ca, cert: files.clientCert, key: files.clientKey, passphrase: 'open sesame' }
      const secure = run({ url, tls })
      await secure.until('is up', () => secure.context.status?.state === 'up')
    })

    it('says that the broker asks for a certificate', async () => {
      const { url } = await start({ tls: { ...files, requireCertificate: true } })
      const status = await down({ url, tls: { ca: files.ca } })
      assert.match(status.message, /broker refuses TLS|broker closed the connection/)
    })

    it('says that a file is missing', async () => {
      const { url } = await start({ tls: files })
      const status = await down({ url, tls: { ca: join(files.folder, 'none.pem') } })
      assert.match(status.message, /file of tls is missing/)
    })
  })
})
