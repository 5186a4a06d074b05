import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { signatureOf } from '../../agent/decisions/execution/webhook.ts'
import { Bench } from './executor-bench.ts'

describe('what is decided, at a webhook', () => {
  const asked: { readonly headers: IncomingMessage['headers']; readonly body: string }[] = []
  let answers: number[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      asked.push({ headers: request.headers, body })
      response.writeHead(answers.shift() ?? 200).end()
    })
  })
  let url: string
  before(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  })
  after(() => server.close())

  const cases: [string, number[], string, number][] = [
    ['is posted again until it is taken', [503, 429, 200], 'confirmed', 3],
    ['fails where it will never be taken', [400], 'failed', 1],
    ['follows nobody elsewhere', [302], 'failed', 1],
  ]
  for (const [what, codes, step, times] of cases)
    it(`${what}, signed, with one id`, async () => {
      asked.length = 0
      answers = [...codes]
      const bench = new Bench(`  tell: { for_each: pump, when: 'signal("speed") > 1', mode: armed, do: { post: { url: "${url}", value: signal("speed"), secret: s3cret } } }
`, () => assert.fail('no node')) // prettier-ignore
      await bench.executor.start(false)
      bench.script.rows(0, { speed: 1300 })
      await bench.pass()
      const decision = await bench.over()
      await bench.executor.stop()
      assert.deepEqual([decision.step, asked.length], [step, times])
      assert.deepEqual(new Set(asked.map(({ headers }) => headers['idempotency-key'])), new Set([decision.id]))
      const { headers, body } = asked[0]
      assert.equal(headers['x-millwright-signature'], `sha256=${signatureOf('s3cret', Number(headers['x-millwright-time']), body)}`) // prettier-ignore
      assert.equal((JSON.parse(body) as { value: number }).value, 1300)
    })
})
