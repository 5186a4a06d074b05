import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Who stopped all actions, and why. */
interface Kept {
  readonly by: string
  readonly reason: string
}

/** The stop of all actions in a file of the data folder: it holds also where the journal that has it is lost. */
export class StopFile {
  readonly #file: string

  constructor(data: string) {
    this.#file = join(data, 'actions-stopped.json')
  }

  /** Undefined where they are not stopped; what cannot be read is a stop. */
  read(): Kept | undefined {
    let text: string
    try {
      text = readFileSync(this.#file, 'utf8')
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : { by: 'unknown', reason: String(error) }
    }
    try {
      const { by, reason } = JSON.parse(text) as Partial<Kept>
      return { by: String(by), reason: String(reason) }
    } catch {
      return { by: 'unknown', reason: `${this.#file} cannot be read` }
    }
  }

  write(kept: Kept): void {
    mkdirSync(dirname(this.#file), { recursive: true })
    writeFileSync(this.#file, JSON.stringify(kept), { mode: 0o600, flush: true })
  }

  remove(): void {
    rmSync(this.#file, { force: true })
  }
}
