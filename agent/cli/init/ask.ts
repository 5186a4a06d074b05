import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { printable } from '../../core/index.ts'
import { withoutGuard } from '../guard.ts'

/** Asks the person at the terminal; where there is none, or with `--yes`, every answer is the default. */
export class Asker {
  readonly interactive: boolean

  constructor(yes: boolean) {
    this.interactive = !yes && process.stdin.isTTY && process.stderr.isTTY
  }

  /** Says something on stderr, so that the configuration may go to stdout. */
  say(text: string): void {
    process.stderr.write(`${text}\n`)
  }

  async text(question: string, otherwise: string): Promise<string> {
    if (!this.interactive) return otherwise
    const answer = (await this.#read(`${question}${otherwise === '' ? '' : ` [${otherwise}]`} `)).trim()
    return answer === '' ? otherwise : answer
  }

  async yes(question: string, otherwise: boolean): Promise<boolean> {
    if (!this.interactive) return otherwise
    for (;;) {
      const answer = (await this.#read(`${question} [${otherwise ? 'Y/n' : 'y/N'}] `)).trim().toLowerCase()
      if (answer === '') return otherwise
      if (/^(y|yes)$/.test(answer)) return true
      if (/^(n|no)$/.test(answer)) return false
    }
  }

  /** What is typed is not shown. */
  async secret(question: string): Promise<string> {
    process.stderr.write(question)
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
    const answer = await this.#read('', silent)
    process.stderr.write('\n')
    return answer
  }

  async #read(question: string, output: NodeJS.WritableStream = process.stderr): Promise<string> {
    const reader = createInterface({ input: process.stdin, output, terminal: true })
    try {
      const asked = new Promise<string>((resolve, reject) => {
        reader.on('SIGINT', () => reject(new Cancelled()))
        reader.on('close', () => reject(new Cancelled()))
        reader.question(printable(question)).then(resolve, reject)
      })
      return await withoutGuard(() => asked)
    } finally {
      reader.close()
    }
  }
}

/** The user pressed Ctrl-C or Ctrl-D at a question. */
export class Cancelled extends Error {
  constructor() {
    super('cancelled; nothing was written')
  }
}
