import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Marks } from '../../agent/process/index.ts'

describe('what was in hand', () => {
  let folder: string

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'millwright-in-hand-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  /** The next process, after one that nobody stopped: the marks of the one before stand as they are. */
  const crashed = () => new Marks(folder, true)

  it('costs nothing after a stop in order: no mark is made', () => {
    const marks = new Marks(folder, false)
    assert.equal(marks.needed, false)
    assert.equal(marks.take('connector plant', 'a'), true)
    assert.deepEqual(crashed().before, [])
  })

  it('is known to the next process, and put aside after the second end', () => {
    crashed().take('connector plant', 'a')
    const second = crashed()
    assert.deepEqual(second.before, [{ part: 'connector plant', key: 'a' }])
    assert.deepEqual([second.condemned, second.suspects('connector plant')], [[], ['a']])
    assert.equal(second.take('connector plant', 'a'), true)
    const third = crashed()
    assert.deepEqual(third.condemned, [{ part: 'connector plant', key: 'a' }])
    assert.equal(third.take('connector plant', 'a'), false)
    assert.equal(third.take('connector plant', 'b'), true)
    assert.equal(third.take('connector other', 'a'), true)
  })

  it('is not what a part was through with, and several parts have each their own', () => {
    const marks = crashed()
    marks.take('connector plant', 'a')
    marks.take('pipeline', '1-9')
    marks.take('sink cloud', '3@7')
    marks.done('connector plant')
    assert.deepEqual(crashed().before, [
      { part: 'pipeline', key: '1-9' },
      { part: 'sink cloud', key: '3@7' },
    ])
  })

  it('of two processes with a stop between them is no reason', () => {
    crashed().take('sink cloud', '3@7')
    const second = crashed()
    second.take('sink cloud', '3@7')
    second.close()
    const third = new Marks(folder, false)
    third.close()
    crashed().take('sink cloud', '3@7')
    assert.deepEqual(crashed().condemned, [])
  })

  it('stays aside after a stop: a message that the broker has retained comes again', () => {
    crashed().take('connector plant', 'a')
    crashed().take('connector plant', 'a')
    crashed().close()
    const later = new Marks(folder, false)
    assert.equal(later.needed, true)
    assert.equal(later.take('connector plant', 'a'), false)
  })

  it('is tried anew by another version of the agent', () => {
    crashed().take('connector plant', 'a')
    crashed().take('connector plant', 'a')
    crashed().close()
    const file = join(folder, 'in-hand.json')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"version":"[^"]+"/, '"version":"0.0.0-other"'))
    assert.equal(new Marks(folder, false).needed, false)
  })

  it('without a key tells who was at work, and puts nothing aside', () => {
    for (let end = 0; end < 4; end++) crashed().take('monitor health', '')
    const marks = crashed()
    assert.deepEqual([marks.condemned, marks.endsOf('monitor health')], [[], 4])
    assert.equal(marks.take('monitor health', ''), true)
  })

  it('is remembered with names of any length and script', () => {
    const part = `connector ${'轴承'.repeat(40)}`
    crashed().take(part, 'a')
    crashed().take(part, 'a')
    assert.equal(crashed().condemned.length, 1)
  })

  it('begins anew where its files are damaged', () => {
    writeFileSync(join(folder, 'in-hand'), Buffer.alloc(700, 0xff))
    writeFileSync(join(folder, 'in-hand.json'), '{"version":')
    assert.equal(crashed().take('pipeline', '1-9'), true)
  })
})
