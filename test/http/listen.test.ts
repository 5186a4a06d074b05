import assert from 'node:assert/strict'
import { get, request, type IncomingMessage } from 'node:http'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { ConfigError } from '../../agent/core/index.ts'
import { until } from '../support/until.ts'
import { alarm, setUp, token } from './fake-agent.ts'

describe('http server', () => {
  let blocker: Server
  let taken: number

  before(async () => {
    blocker = createServer()
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve))
    taken = (blocker.address() as AddressInfo).port
  })
  after((done) => void blocker.close(done))

  it('listens on loopback and answers there', async () => {
    const server = await setUp({ port: 0 }).http.listen()
    assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+$/)
    const response = await fetch(`${server.url}/healthz`)
    assert.equal(response.status, 200)
    await response.text()
    await server.close()
    await assert.rejects(fetch(`${server.url}/healthz`))
  })

  it('says which port is taken and what to do', async () => {
    await assert.rejects(setUp({ port: taken }).http.listen(), (error: unknown) => {
      assert.ok(error instanceof ConfigError)
      assert.match(error.message, new RegExp(`port ${taken} on 127\\.0\\.0\\.1.*taken`))
      assert.match(error.problems[0].remedy!, /http\.port/)
      return true
    })
  })

  it('takes the next free port where it may', async () => {
    const server = await setUp({ port: taken, fallback: true }).http.listen()
    const port = Number(new URL(server.url).port)
    assert.notEqual(port, taken)
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
    await server.close()
  })

  it('says so where the address is not this machine’s', async () => {
    await assert.rejects(setUp({ host: '192.0.2.1', port: 0 }).http.listen(), (error: unknown) => {
      assert.ok(error instanceof ConfigError)
      assert.match(error.message, /192\.0\.2\.1/)
      return true
    })
  })

  it('takes changes from a real client, and bounds its body', async () => {
    const { http, agent } = setUp({ port: 0 })
    const server = await http.listen()
    const post = (body: string | ReadableStream) =>
      fetch(`${server.url}/api/alarms/${encodeURIComponent(alarm)}/acknowledge`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body,
        duplex: 'half',
      })
    assert.equal((await post('{"by":"Mei"}')).status, 200)
    assert.equal((await post(new Blob(['{"by":"Mei"}']).stream())).status, 200)
    assert.equal((await post(`{"by":"${'x'.repeat(20_000)}"}`)).status, 413)
    assert.equal(agent.calls.length, 2)
    await server.close()
  })

  it('refuses a foreign name on the wire', async () => {
    const server = await setUp({ port: 0 }).http.listen()
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const asked = request(`${server.url}/`, { headers: { host: 'evil.example' } }, resolve)
      asked.on('error', reject).end()
    })
    assert.equal(response.statusCode, 421)
    response.resume()
    await server.close()
  })

  it('streams live events to a real client, forgets it when it goes, and ends the others when it closes', async () => {
    const { http, agent } = setUp({ port: 0, events: { interval: 1 } })
    const server = await http.listen()
    const open = () =>
      new Promise<{ text: () => string; ended: () => boolean; leave: () => void }>((resolve, reject) => {
        const asked = get(`${server.url}/api/events`, (response) => {
          let text = ''
          let ended = false
          response.on('data', (chunk: Buffer) => (text += chunk.toString()))
          response.on('end', () => (ended = true))
          response.on('error', () => undefined)
          resolve({ text: () => text, ended: () => ended, leave: () => asked.destroy() })
        })
        asked.on('error', reject)
      })
    const one = await open()
    await until('the first state', () => one.text().includes('"test-site"'))
    agent.current = { ...agent.current, site: 'moved' }
    agent.changes.next(undefined)
    await until('the second state', () => one.text().includes('"moved"'))
    one.leave()
    await until('the client to be forgotten', () => !agent.changes.observed)
    const other = await open()
    await until('the state', () => other.text().includes('"moved"'))
    await server.close()
    await until('the end of the stream', () => other.ended())
    assert.equal(agent.changes.observed, false)
  })
})
