import assert from 'node:assert/strict'
import { EventFeed, pauseFor } from '../../agent/http/event-feed.ts'
import { until } from '../support/until.ts'
import { FakeAgent, memoryLog, setUp, state } from './fake-agent.ts'

interface Message {
  readonly event: string
  readonly data: string
}

/** Reads server-sent events as a browser does: fields by line, messages by empty line. */
function messages(text: string): Message[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .map(
      (block) =>
        Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2))) as unknown as Message,
    )
}

/** Collects everything a stream says. */
function listen(stream: ReadableStream<Uint8Array>) {
  const reader = stream.getReader()
  const decoder = new TextDecoder()
  const heard = { text: '', ended: false, cancel: () => reader.cancel() }
  const pump = async () => {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      heard.text += decoder.decode(value, { stream: true })
    }
    heard.ended = true
  }
  void pump()
  return heard
}

const someone = { name: '10.0.0.7', known: false }
const samples = (message: Message) => (JSON.parse(message.data) as typeof state).throughput.samplesPerSecond
/** What the newest state says; undefined before the first. */
const newest = (heard: { text: string }) => messages(heard.text).map(samples).at(-1)
const withSamples = (samplesPerSecond: number) => ({ ...state, throughput: { ...state.throughput, samplesPerSecond } })

describe('live events', () => {
  let agent: FakeAgent
  let feed: EventFeed
  const begin = (options: ConstructorParameters<typeof EventFeed>[2] = {}) => {
    agent = new FakeAgent()
    feed = new EventFeed(agent, memoryLog(), { interval: 1, heartbeat: 100_000, ...options })
  }
  afterEach(() => feed.close())

  it('come over HTTP as an event stream that nobody buffers or caches', async () => {
    begin()
    const { ask, agent } = setUp()
    const response = await ask('/api/events')
    assert.match(response.headers.get('content-type')!, /^text\/event-stream/)
    assert.equal(response.headers.get('cache-control'), 'no-store')
    const heard = listen(response.body!)
    await until('the first state', () => messages(heard.text).length === 1)
    assert.match(heard.text, /^retry: \d+\nevent: state\ndata: \{.*\}\n\n$/)
    assert.deepEqual(JSON.parse(messages(heard.text)[0].data), agent.current)
    await heard.cancel()
  })

  it('follow the changes of the agent', async () => {
    begin()
    const heard = listen(feed.open(someone)!)
    for (const value of [1, 2, 3]) {
      agent.current = withSamples(value)
      agent.changes.next(undefined)
      await until(`state ${value}`, () => newest(heard) === value)
    }
  })

  it('thin out many changes to the newest state', async () => {
    begin({ interval: 50 })
    const heard = listen(feed.open(someone)!)
    for (let i = 1; i <= 1_000; i++) {
      agent.current = withSamples(i)
      agent.changes.next(undefined)
    }
    await until('a second state', () => messages(heard.text).length === 2)
    assert.equal(samples(messages(heard.text)[1]), 1_000)
  })

  it('skip what a slow client has no time for, and lose the newest to no one', async () => {
    begin()
    const slow = feed.open(someone)!
    const quick = listen(feed.open(someone)!)
    for (let i = 1; i <= 20; i++) {
      agent.current = withSamples(i)
      agent.changes.next(undefined)
      await until(`state ${i}`, () => newest(quick) === i)
    }
    const late = listen(slow)
    await until('the newest', () => newest(late) === 20)
    assert.ok(messages(late.text).length <= 3, `${messages(late.text).length} were kept`)
  })

  it('cut off a client that takes nothing', async () => {
    begin({ heartbeat: 5, patience: 10 })
    feed.open(someone)
    await until('the end of patience', () => feed.clients === 0)
  })

  it('are bounded in number', async () => {
    begin({ capacity: 2 })
    const first = listen(feed.open(someone)!)
    listen(feed.open(someone)!)
    assert.equal(feed.open(someone), undefined)
    await first.cancel()
    assert.ok(feed.open(someone))
    const { ask } = setUp({ events: { capacity: 0 } })
    assert.equal((await ask('/api/events')).status, 503)
  })

  it('are made once for all, however many pages listen', async () => {
    begin()
    const pages = Array.from({ length: 20 }, () => listen(feed.open(someone)!))
    let made = 0
    const read = agent.state
    agent.state = () => (made++, read())
    for (let i = 1; i <= 5; i++) {
      agent.current = withSamples(i)
      agent.changes.next(undefined)
      await until(`state ${i} on every page`, () => pages.every((page) => newest(page) === i))
    }
    assert.equal(made, 5)
  })

  it('come less often where they are large or many listen: 2 MB a second is all that the agent sends', () => {
    assert.equal(pauseFor(300, 10_000, 1), 300)
    for (const [size, clients] of [
      [1e6, 1],
      [1e6, 20],
      [5e7, 32],
    ]) {
      const perSecond = (size / pauseFor(300, size, clients)) * 1_000
      assert.ok(perSecond <= 500_000 && perSecond * clients <= 2_000_000, `${size} B for ${clients}`)
    }
  })

  it('show by heartbeats that the connection lives', async () => {
    begin({ heartbeat: 5 })
    const heard = listen(feed.open(someone)!)
    await until('two heartbeats', () => messages(heard.text).filter(({ event }) => event === 'heartbeat').length >= 2)
  })

  it('ask nothing of the agent while nobody listens', async () => {
    begin()
    assert.equal(agent.changes.observed, false)
    const heard = listen(feed.open(someone)!)
    assert.equal(agent.changes.observed, true)
    await heard.cancel()
    assert.equal(agent.changes.observed, false)
    listen(feed.open(someone)!)
    assert.equal(agent.changes.observed, true)
  })

  it('outlive a state that cannot be read', async () => {
    begin()
    const heard = listen(feed.open(someone)!)
    const read = agent.state
    agent.state = () => {
      agent.state = read
      throw new Error('not now')
    }
    agent.changes.next(undefined)
    await until('the failure', () => agent.state === read)
    agent.current = withSamples(5)
    agent.changes.next(undefined)
    await until('the next state', () => newest(heard) === 5)
  })

  it('end when the server closes', async () => {
    begin()
    const heard = listen(feed.open(someone)!)
    feed.close()
    await until('the end', () => heard.ended)
    assert.equal(feed.open(someone), undefined)
  })
})
