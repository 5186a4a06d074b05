import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { AgentApi } from '../../agent/cli/api.ts'
import { Client } from '../../connectors/influxdb/client.ts'
import { influxdb } from '../../connectors/influxdb/index.ts'
import type { Listening } from '../../agent/http/index.ts'
import { alarm, FakeAgent, setUp, token } from '../http/fake-agent.ts'

describe('an attacker on the wire', () => {
  let agent: FakeAgent
  let server: Listening
  let port: number

  before(async () => {
    const made = setUp({ port: 0 })
    agent = made.agent
    server = await made.http.listen()
    port = Number(new URL(server.url).port)
  })
  after(() => server.close())

  /** What the server says to these bytes until it closes. */
  function say(bytes: string): Promise<string> {
    return new Promise((resolve) => {
      let told = ''
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
      socket.setEncoding('utf8').on('data', (text: string) => (told += text))
      // Cut off while it still writes is an answer as well.
      socket.on('error', () => undefined)
      socket.on('close', () => resolve(told))
    })
  }

  const path = `/api/alarms/${encodeURIComponent(alarm)}/acknowledge`
  const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n`
  const inner = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}`

  for (const [what, bytes] of [
    ['two lengths', `${head}Content-Length: 12\r\nContent-Length: 5\r\n\r\n{"by":"Mei"}`],
    ['a length and chunks', `${head}Content-Length: 12\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`],
    ['an encoding that is none', `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${inner}`],
    ['two encodings', `${head}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${inner}`],
    ['a space before the colon', `${head}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${inner}`],
    ['a size of a chunk that is none', `${head}Transfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n`],
    ['a folded header', `${head}X: a\r\n b\r\nContent-Length: 12\r\n\r\n{"by":"Mei"}`],
    ['a bare line feed in a header', `${head}X: a\nContent-Length: 12\r\n\r\n{"by":"Mei"}`],
    ['a null in a header', `${head}X: \0\r\nContent-Length: 12\r\n\r\n{"by":"Mei"}`],
    ['headers without end', `${head}X: ${'a'.repeat(100_000)}`],
    ['no name of a host', `GET /api/state HTTP/1.1\r\n\r\n`],
  ] as const)
    it(`who smuggles by ${what}: is refused, and nothing is done`, async () => {
      agent.calls.length = 0
      assert.match(await say(bytes), /^(HTTP\/1\.1 4\d\d |$)/)
      assert.deepEqual(agent.calls, [])
    })

  it('who sends a request by the drop is cut off, and others are served meanwhile', async () => {
    const slow = say(head)
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
    assert.match(await slow, /^(HTTP\/1\.1 408 |$)/)
  }).timeout(60_000)
})

describe('a far side that leads elsewhere', () => {
  let evil: Server
  let victim: Server
  let asked: string[]
  const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  beforeEach(async () => {
    asked = []
    victim = createServer((request, response) => {
      asked.push(`${request.url ?? ''} ${request.headers.authorization ?? ''}`)
      response.end('{}')
    })
    evil = createServer((_, response) => response.writeHead(307, { location: `${urlOf(victim)}/secret` }).end())
    for (const server of [evil, victim]) await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  })
  afterEach(() => [evil, victim].forEach((server) => server.close()))

  it('has the sink of InfluxDB ask nobody else, with its token or without', async () => {
    const settings = influxdb.config.parse({
      version: 2,
      url: urlOf(evil),
      org: 'o',
      bucket: 'b',
      token: 'secret-token',
    })
    const client = new Client(settings)
    const { status } = await client.post(Buffer.from('a b=1'), new AbortController().signal)
    await client.close()
    assert.equal(status, 307)
    assert.deepEqual(asked, [])
  })

  it('has the command line ask nobody else, with its token or without', async () => {
    await assert.rejects(new AgentApi(urlOf(evil), 'no-token-here').get('/api/state'), { code: 'AGENT_UNREACHABLE' })
    assert.deepEqual(asked, [])
  })
})
