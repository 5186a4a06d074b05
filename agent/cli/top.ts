import { emitKeypressEvents } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { Command, InvalidArgumentError, Option } from 'commander'
import { describeError } from '../core/index.ts'
import type { AgentState } from '../view/index.ts'
import { agentApi, withAgent, type AgentApi, type AgentOptions } from './api.ts'
import { writeBare } from './guard.ts'
import { paint, plain } from './output.ts'
import { stateText } from './status-view.ts'

interface TopOptions extends AgentOptions {
  readonly interval: number
}

/** `millwright top`: the running agent, live on the terminal. */
export function top(): Command {
  return withAgent(new Command('top'))
    .addOption(new Option('--interval <seconds>', 'time between two looks').default(1).argParser(positive))
    .addHelpText(
      'after',
      `
With --json it prints the state as one line of JSON each time, also where there is no terminal.

Example:
  $ millwright top --config plant.yaml
  $ millwright top --url http://10.0.0.9:8080 --interval 5`,
    )
    .action(async (options: TopOptions, command: Command) => {
      const api = agentApi(options)
      if (options.json) return stream(api, options.interval)
      if (!process.stdout.isTTY)
        command.error('error: top needs a terminal; use `millwright status`, or `millwright top --json` for a stream')
      await api.get('/api/state')
      await new Screen(api, options.interval).run()
    })
}

/** A positive number of an option. */
export function positive(text: string): number {
  const number = Number(text)
  if (!(number > 0 && Number.isFinite(number))) throw new InvalidArgumentError('expected a number above 0')
  return number
}

async function stream(api: AgentApi, seconds: number): Promise<void> {
  for (;;) {
    console.log(JSON.stringify(await api.get<AgentState>('/api/state')))
    await delay(seconds * 1000)
  }
}

/** A frame of the live view: never more lines or columns than the terminal has. */
export function frame(text: string, columns: number, rows: number): string {
  const lines = text.split('\n')
  const shown =
    lines.length > rows ? [...lines.slice(0, rows - 1), paint('dim', `${lines.length - rows + 1} more lines`)] : lines
  return shown.map((line) => `${cut(line, columns)}\x1b[K`).join('\r\n')
}

/** The beginning of a line that fits; colours do not count and are ended. */
function cut(line: string, columns: number): string {
  if (plain(line).length <= columns) return line
  let shown = 0
  let text = ''
  for (const part of line.split(/(\x1b\[[\d;]*[A-Za-z])/)) {
    if (part.startsWith('\x1b')) text += part
    else {
      const piece = Array.from(part).slice(0, columns - shown)
      shown += piece.length
      text += piece.join('')
    }
  }
  return `${text}\x1b[0m`
}

class Screen {
  readonly #api: AgentApi
  readonly #seconds: number
  readonly #end = new AbortController()
  #paused = false
  #state: AgentState | undefined
  #trouble: string | undefined

  constructor(api: AgentApi, seconds: number) {
    this.#api = api
    this.#seconds = seconds
  }

  async run(): Promise<void> {
    const { stdin, stdout } = process
    const signal = this.#end.signal
    const quit = () => this.#end.abort()
    const draw = () => this.#draw()
    writeBare(stdout, '\x1b[?1049h\x1b[?25l\x1b[2J')
    stdout.on('resize', draw)
    process.once('SIGTERM', quit).once('SIGINT', quit)
    if (stdin.isTTY) this.#listen(quit)
    try {
      while (!signal.aborted) {
        if (!this.#paused) await this.#look()
        this.#draw()
        await delay(this.#seconds * 1000, undefined, { signal }).catch(() => undefined)
      }
    } finally {
      stdout.off('resize', draw)
      if (stdin.isTTY) stdin.setRawMode(false).pause()
      writeBare(stdout, '\x1b[?25h\x1b[?1049l')
    }
  }

  #listen(quit: () => void): void {
    const { stdin } = process
    emitKeypressEvents(stdin)
    stdin.setRawMode(true).resume()
    stdin.on('keypress', (_, key: { name?: string; ctrl?: boolean } | undefined) => {
      if (key?.name === 'q' || key?.name === 'escape' || (key?.ctrl && key.name === 'c')) quit()
      if (key?.name === 'p' || key?.name === 'space') this.#paused = !this.#paused
      this.#draw()
    })
  }

  /** A restart of the agent does not end the view. */
  async #look(): Promise<void> {
    try {
      this.#state = await this.#api.get<AgentState>('/api/state')
      this.#trouble = undefined
    } catch (error) {
      this.#trouble = describeError(error)
    }
  }

  #draw(): void {
    const { columns, rows } = process.stdout
    const notes = [this.#paused ? paint('yellow', 'paused') : '', this.#trouble && paint('red', this.#trouble)]
    const head = [`${paint('dim', this.#api.url)}  ${paint('dim', 'q ends, p pauses')}`, ...notes]
      .filter(Boolean)
      .join('  ')
    const body = this.#state ? stateText(this.#state, undefined, Math.max(3, Math.floor(rows / 3))) : ''
    writeBare(process.stdout, '\x1b[H')
    process.stdout.write(frame(`${head}\n\n${body}`, columns, rows))
    writeBare(process.stdout, '\x1b[J')
  }
}
