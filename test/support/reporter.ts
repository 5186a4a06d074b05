import { relative } from 'node:path'
import Mocha from 'mocha'

const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } = Mocha.Runner.constants

/** Files that are told with the slowest tests. */
const slowest = 20
/** ms between two lines of progress. */
const progressEvery = 5_000

interface Timed {
  readonly title: string
  readonly ms: number
}

/**
 * Tells how far the tests are, each failure at once and in full at the end, what was skipped and why, and the slowest tests.
 * Files arrive whole when they run side by side, each with its results in order.
 */
export default class Progress extends Mocha.reporters.Base {
  readonly #files = new Set<string>()
  readonly #total = Number(process.env.MILLWRIGHT_TEST_FILES)
  readonly #started = performance.now()
  readonly #timed: Timed[] = []
  readonly #skipped: string[] = []
  #told = 0
  #passed = 0
  #failed = 0

  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options)
    runner.on(EVENT_TEST_PASS, (test) => this.#passes(test))
    runner.on(EVENT_TEST_PENDING, (test) => {
      this.#skipped.push(test.fullTitle())
      this.#progress(test)
    })
    runner.on(EVENT_TEST_FAIL, (test, error: Error) => {
      this.#failed++
      write(`FAILED ${test.fullTitle()}: ${error.message.split('\n')[0]}`)
      this.#progress(test)
    })
    runner.once(EVENT_RUN_END, () => this.#end())
  }

  #passes(test: Mocha.Test): void {
    this.#passed++
    this.#timed.push({ title: test.fullTitle(), ms: test.duration ?? 0 })
    this.#progress(test)
  }

  #progress({ file }: { file?: string }): void {
    if (file !== undefined) this.#files.add(file)
    const now = performance.now()
    if (now - this.#told < progressEvery) return
    this.#told = now
    const at = file === undefined ? '' : `, at ${relative('.', file)}`
    const share = Math.round((this.#files.size / this.#total) * 100)
    write(`${share} % of ${this.#total} files, ${this.#passed} passed, ${this.#failed} failed, ${this.#elapsed()}${at}`)
  }

  #elapsed(): string {
    const seconds = Math.round((performance.now() - this.#started) / 1000)
    return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  }

  #end(): void {
    if (this.failures.length > 0) Mocha.reporters.Base.list(this.failures)
    if (this.#skipped.length > 0) write(`\nSkipped:\n${this.#skipped.map((title) => `  - ${title}`).join('\n')}`)
    const slow = this.#timed.sort((a, b) => b.ms - a.ms).slice(0, slowest)
    write(`\nThe slowest tests:\n${slow.map(({ title, ms }) => `  ${(ms / 1000).toFixed(1)} s  ${title}`).join('\n')}`)
    write(`\nIn ${this.#elapsed()}:`)
    write(`${this.#passed} passed, ${this.#failed} failed, ${this.#skipped.length} skipped`)
  }
}

function write(line: string): void {
  process.stdout.write(`${line}\n`)
}
