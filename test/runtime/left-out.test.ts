import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentMetrics, type Logger } from '../../agent/core/index.ts'
import { leaveWords, Marks, Starts } from '../../agent/process/index.ts'
import { LeftOut } from '../../agent/runtime/left-out.ts'
import { changesBetween } from '../../agent/runtime/changes.ts'
import { schema } from '../../agent/settings/schema.ts'

const text = (limit: string) => ({
  connectors: {
    plant: { type: 'mqtt', url: 'mqtt://localhost', max_payload: limit, topics: [{ filter: 'a/#' }] },
    cloud: { type: 'influxdb', version: 1, url: 'http://localhost:8086', database: 'mill' },
  },
})
const config = schema.parse(text('1MB'))

describe('what ends the agent again and again', () => {
  let folder: string
  let said: string[]
  const say = (_: object, words: string) => void said.push(words)
  const log: Logger = { debug: say, info: say, warn: say, error: say }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millwright-left-'))
    said = []
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  /** A process that begins at a second; it ends with something in hand, or with words. */
  function life(second: number, ends: { hand?: readonly [string, string]; words?: readonly string[] } = {}): LeftOut {
    const starts = new Starts(folder, second * 1_000)
    const marks = new Marks(folder, starts.unclean)
    const leftOut = new LeftOut({ config, starts, marks, log, metrics: silentMetrics })
    starts.enter('work')
    if (ends.hand) marks.take(...ends.hand)
    if (ends.words) leaveWords(folder, ends.words)
    return leftOut
  }
  /** A process that is asked to stop. */
  const stop = (second: number) => {
    life(second)
    new Starts(folder).stopped()
  }

  it('is left out at the start after the third end within a minute, and not before', () => {
    for (const second of [0, 10, 20]) assert.equal(life(second, { hand: ['sink cloud', `${second}@1`] }).size, 0)
    const fourth = life(30)
    assert.equal(fourth.has('sink cloud'), true)
    assert.equal(fourth.has('connector plant'), false)
    assert.match(
      fourth.reasons[0],
      /^sink cloud is left out: it ended the agent three times within a minute\. .*start it again/,
    )
    assert.ok(said.includes(fourth.reasons[0]))
  })

  it('stays in where the ends are further apart, and where nothing tells whose they were', () => {
    for (const second of [0, 40, 80, 120]) assert.equal(life(second, { hand: ['sink cloud', `${second}@1`] }).size, 0)
    stop(300)
    for (const second of [400, 401, 402, 403]) assert.equal(life(second).size, 0)
    assert.match(said.at(-1)!, /nothing tells by which part/)
  })

  it('stays in where the thing itself is put aside', () => {
    for (const second of [0, 10, 20]) life(second, { hand: ['connector plant', 'one and the same'] })
    assert.equal(life(30).size, 0)
    assert.match(said.at(-1)!, /connector plant puts it aside, unread/)
  })

  it('is found by the last words: the connectors of a kind, the page, or none', () => {
    const words = (parts: readonly string[]) => {
      for (const second of [0, 1, 2]) life(second, { words: parts })
      const found = life(3)
      const left = ['connector plant', 'sink plant', 'sink cloud', 'page'].filter((part) => found.has(part))
      stop(4)
      return left
    }
    assert.deepEqual(words(['connectors/mqtt', 'agent/ingest']), ['connector plant', 'sink plant'])
    assert.deepEqual(words(['agent/core', 'agent/http']), ['page'])
    assert.deepEqual(words(['agent/pipeline']), [])
  })

  it('stays out as long as the agent goes on to end, and comes back after a stop or a long life', () => {
    for (const second of [0, 10, 20]) life(second, { hand: ['sink cloud', `${second}@1`] })
    life(30)
    assert.equal(life(40).has('sink cloud'), true)
    assert.equal(life(500).has('sink cloud'), false)
    stop(510)
    for (const second of [600, 610, 620]) life(second, { hand: ['sink cloud', `${second}@1`] })
    assert.equal(life(630).has('sink cloud'), true)
    stop(640)
    assert.equal(life(641).size, 0)
  })

  it('comes back by a change of its settings', () => {
    for (const second of [0, 10, 20]) life(second, { hand: ['connector plant', `${second}`] })
    const leftOut = life(30)
    assert.equal(leftOut.has('connector plant'), true)
    leftOut.changed(changesBetween(config, schema.parse(text('2MB'))))
    assert.equal(leftOut.has('connector plant'), false)
  })
})
