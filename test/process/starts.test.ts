import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Starts } from '../../agent/process/index.ts'

describe('starts', () => {
  let folder: string

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'millwright-starts-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  it('know in which phase processes ended that were not stopped, how many in a row, and nothing of a clean stop', () => {
    const first = new Starts(join(folder, 'data'))
    assert.deepEqual([first.unclean, first.endsIn('journal')], [false, 0])
    first.enter('journal')
    const second = new Starts(join(folder, 'data'))
    assert.deepEqual([second.unclean, second.endsIn('journal'), second.endsIn('work')], [true, 1, 0])
    second.enter('journal')
    const third = new Starts(join(folder, 'data'))
    assert.equal(third.endsIn('journal'), 2)
    third.enter('journal')
    third.enter('work')
    const fourth = new Starts(join(folder, 'data'))
    assert.deepEqual([fourth.endsIn('journal'), fourth.endsIn('work')], [0, 1])
    fourth.enter('work')
    fourth.stopped()
    assert.equal(new Starts(join(folder, 'data')).unclean, false)
  })

  it('know nothing of a process that could not begin, beside one at work', () => {
    const atWork = new Starts(folder)
    atWork.enter('work')
    for (let i = 0; i < 3; i++) {
      const second = new Starts(folder)
      second.enter('journal')
      second.leave()
    }
    const next = new Starts(folder)
    assert.deepEqual([next.endsIn('journal'), next.endsIn('work')], [0, 1])
  })

  it('begin anew where their file is damaged', () => {
    writeFileSync(join(folder, 'start.json'), '{"phase":')
    assert.equal(new Starts(folder).unclean, false)
  })
})

describe('last words', () => {
  const script = (what: string) => `
    import { speakLastWords } from ${JSON.stringify(join(import.meta.dirname, '../../agent/process/index.ts'))}
    const say = (fields, message) => console.log(JSON.stringify({ part: fields.part, message }))
    speakLastWords({ debug: say, info: say, warn: say, error: say })
    ${what}
    setInterval(() => undefined, 1000)
  `
  const run = (what: string) => {
    try {
      execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script(what)], {
        encoding: 'utf8',
      })
      return assert.fail('it went on')
    } catch (error) {
      const { status, stdout } = error as { status: number; stdout: string }
      return { status, ...(JSON.parse(stdout.trim()) as { part?: string; message: string }) }
    }
  }

  it('name the error, and exit with 70: thrown where nobody catches, or a promise that nobody waits for', () => {
    for (const what of ["setTimeout(() => { throw new TypeError('no') })", "void Promise.reject(new TypeError('no'))"])
      assert.deepEqual(run(what), { status: 70, message: 'the agent ends by an error: no' })
  })
})
