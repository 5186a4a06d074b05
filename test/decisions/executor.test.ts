import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { opcua } from '../../connectors/opcua/index.ts'
import { OpcuaWriter } from '../../connectors/opcua/writer.ts'
import type { ExecutionEvent, JournalEvent } from '../../agent/core/index.ts'
import { Executor, type Decision, type NodeWriter } from '../../agent/decisions/index.ts'
import { signatureOf } from '../../agent/decisions/execution/webhook.ts'
import { OpcuaServer } from '../support/opcua-server.ts'
import { until } from '../support/until.ts'
import { configOf, Run, Script, start } from './bench.ts'

const silent = () => undefined
const log = { debug: silent, info: silent, warn: silent, error: silent }

/** An engine and an executor over one journal, with a writer that tests may get between. */
class Bench {
  readonly script = new Script()
  readonly run: Run
  readonly executor: Executor
  readonly recorded: ExecutionEvent[] = []
  /** Seconds since the start, by the clock of the agent. */
  seconds = 0
  #handled = 0
  #turn: Promise<unknown> = Promise.resolve()

  constructor(actions: string, node: () => NodeWriter) {
    const config = configOf(actions)
    this.run = new Run(config, this.script)
    this.executor = new Executor({
      ...{
        log,
        clock: { now: () => start + this.seconds * 1_000 },
        config: () => config,
        stop: { read: () => undefined },
      },
      engine: () => this.run.engine,
      record: (event: JournalEvent) => {
        if (event.type === 'execution') this.recorded.push(event)
        this.script.event(this.seconds, { ...event })
        return this.pass()
      },
      node: () => Promise.resolve(node()),
      topic: () => Promise.reject(new Error('no broker here')),
    })
  }

  /** Lets the engine have what was written to the journal. */
  pass(): Promise<void> {
    const work = this.#turn.then(async () => {
      const before = this.run.events.length
      const entries = this.script.entries.slice(this.#handled)
      this.#handled = this.script.entries.length
      await this.run.over(entries)
      this.executor.decided(this.run.events.slice(before))
    })
    this.#turn = work
    return work
  }

  async over(count = 1): Promise<Decision> {
    await until(() => `${count} decisions are over: ${JSON.stringify(this.recorded)}`, () => this.run.engine.ended.length >= count) // prettier-ignore
    return this.run.engine.ended[0]
  }
}

const slow = (more = '', value = '600') => `  slow:
    for_each: pump
    when: signal("speed") > 1200
    do: { write: { connector: plc, node: "ns=2;s={2}.SpeedSet", value: ${value} } }
    mode: armed
    ${more}
`

describe('what is decided, at an OPC UA server', () => {
  let server: OpcuaServer
  let folder: string
  let bench: Bench | undefined
  const writers: OpcuaWriter[] = []
  const nodes = [
    { name: 'pump1.SpeedSet', value: 1300 },
    { name: 'pump2.SpeedSet', value: 1300, readOnly: true },
  ]
  const settings = () => opcua.config.parse({ endpoint: server.endpoint, trust: 'any', timeout: '1s', tags: [{ node: 'ns=2;s=pump1.SpeedSet', tag: 'x' }] }) // prettier-ignore
  const writer = (): OpcuaWriter => {
    const made = new OpcuaWriter(settings(), folder, log)
    writers.push(made)
    return made
  }
  /** A writer with something that happens after each write. */
  const after = (happens: () => Promise<unknown>) => (): NodeWriter => {
    const real = writer()
    return {
      read: (node) => real.read(node),
      write: async (node, value) => {
        await real.write(node, value)
        await happens()
      },
      call: (...given) => real.call(...given),
      close: () => real.close(),
    }
  }
  const begin = async (actions: string, node: () => NodeWriter = writer, pump = 'line1/pump1', more = {}) => {
    bench = new Bench(actions, node)
    await bench.executor.start(false)
    bench.script.rows(0, { speed: 1300, ...more }, { pump })
    await bench.pass()
    return bench
  }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millwright-executor-'))
    server = await OpcuaServer.start(nodes)
  })
  afterEach(async () => {
    await bench?.executor.stop()
    await Promise.all(writers.splice(0).map((one) => one.close()))
    await server.write(nodes[0])
  })
  after(async () => {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('is written once, with its intent before it, and read back', async () => {
    const { recorded, over } = await begin(slow())
    over
    const { step, previous } = await bench!.over()
    assert.deepEqual([step, previous, await server.read('pump1.SpeedSet')], ['confirmed', 1300, 600])
    assert.deepEqual(recorded.map((one) => one.step), ['intent', 'confirmed']) // prettier-ignore
    assert.deepEqual([recorded[0].previous, recorded[1].read], [1300, 600])
    assert.ok(recorded[1].ms! >= 0)
  })

  it('fails where the server refuses, in its words', async () => {
    await begin(slow(), writer, 'line1/pump2')
    const { step, detail } = await bench!.over()
    assert.equal(step, 'failed')
    assert.match(detail, /NotWritable|AccessDenied/)
  })

  it('fails where there is no such node: nothing was begun', async () => {
    await begin(slow(), writer, 'line1/pump7')
    const { step, detail } = await bench!.over()
    assert.equal(step, 'failed')
    assert.match(detail, /nothing was written: .*BadNodeIdUnknown/)
    assert.equal(bench!.recorded.length, 1)
  })

  it('fails where the server says Good and the value is another right after', async () => {
    await begin(
      slow(),
      after(() => server.write({ name: 'pump1.SpeedSet', value: 1234 })),
    )
    const { step, detail } = await bench!.over()
    assert.equal(step, 'failed')
    assert.match(detail, /reads 1234, not 600/)
  })

  it('is judged by reading back, never written again, where the server dies after the write', async () => {
    let writes = 0
    await begin(slow(), after(async () => {
      writes++
      await server.kill()
      await server.launch()
    })) // prettier-ignore
    const { step, detail } = await bench!.over()
    assert.deepEqual([step, writes], ['failed', 1])
    assert.match(detail, /reads 1300, not 600/)
    assert.equal(await server.read('pump1.SpeedSet'), 1300)
  })

  it('waits for a server that is slow, and is confirmed', async () => {
    server.freeze()
    try {
      await begin(slow())
      await until('it tries', () => writers.length > 0)
    } finally {
      server.thaw()
    }
    assert.equal((await bench!.over()).step, 'confirmed')
  })

  it('is not written where the step is too large, the interlock has fallen since, or all were stopped', async () => {
    await begin(slow('limits: { step: 300 }'))
    const { step, guard, detail } = await bench!.over()
    assert.deepEqual([step, guard], ['blocked', 'limits'])
    assert.match(detail, /from 1300 to 600 is more than a step of 300/)
    await begin(slow('fresh: 10s\n    interlock: signal("mode") == "auto"'), () => {
      // Time goes on while the session is made: what was fresh is old.
      bench!.seconds = 20
      return writer()
    }, 'line1/pump1', { mode: 'auto' }) // prettier-ignore
    const locked = await bench!.over()
    assert.deepEqual([locked.step, locked.guard], ['blocked', 'interlock'])
    await begin(slow(), () => {
      bench!.executor.halted = true
      return writer()
    }) // prettier-ignore
    const halted = await bench!.over()
    assert.deepEqual([halted.step, halted.guard], ['blocked', 'stop'])
    assert.equal(await server.read('pump1.SpeedSet'), 1300)
  })

  it('is taken back, but not where somebody has changed the node since', async () => {
    for (const [changed, step, value] of [
      [false, 'confirmed', 1300],
      [true, 'blocked', 999],
    ] as const) {
      await server.write(nodes[0])
      await begin(slow('revert: { after: 1m, to: previous }'))
      await bench!.over()
      if (changed) await server.write({ name: 'pump1.SpeedSet', value: 999 })
      bench!.seconds = 61
      bench!.script.tick(61)
      await bench!.pass()
      const { purpose, step: came } = await bench!.over(2)
      assert.deepEqual([purpose, came, await server.read('pump1.SpeedSet')], ['revert', step, value])
    }
  })

  it('says of a method that is not there that nothing was done', async () => {
    await begin(`  slow: { for_each: pump, when: 'signal("speed") > 1', mode: armed, do: { call: { connector: plc, object: i=85, method: "ns=2;s=Nope" } } }
`)
    assert.equal((await bench!.over()).step, 'failed')
  })
})

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
