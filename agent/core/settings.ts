import { readFileSync } from 'node:fs'
import { z } from 'zod'

/** Building blocks of configuration schemas. Each turns what people write into the unit the code uses. */

const milliseconds = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const
const bytesPerUnit = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const

function quantity(units: Readonly<Record<string, number>>, what: string, example: string) {
  const expression = new RegExp(`^\\s*(\\d+(?:\\.\\d+)?)\\s*(${Object.keys(units).join('|')})\\s*$`)
  return z
    .string({ error: `expected ${what} such as ${example}` })
    .regex(expression, {
      error: `expected ${what} such as ${example}; units: ${Object.keys(units).join(', ')}`,
      abort: true,
    })
    .transform((text) => {
      const [, amount, unit] = expression.exec(text)!
      return Number(amount) * units[unit]
    })
}

/** `250ms`, `30s`, `5m`, `2h`, `7d` -> ms. */
export const duration = quantity(milliseconds, 'a duration', '30s').meta({ title: 'duration' })

/** How often a heartbeat is given: `250ms`, `5s` -> ms. */
export const heartbeatEvery = duration
  .refine((every) => every >= 100 && every <= 3_600_000, { error: 'expected 100ms to 1h' })
  .prefault('5s')
  .describe('How often.')

/** `64kB`, `2GB`, `512MiB` -> bytes. */
export const byteSize = quantity(bytesPerUnit, 'a size', '2GB').meta({ title: 'size' })

/** A secret: never printed. Configuration may name a file instead, by the same key with `_file` appended. */
export class Secret {
  readonly #value: string
  readonly #path: string | undefined

  /** `path`: the file that it was read from. */
  constructor(value: string, path?: string) {
    this.#value = value
    this.#path = path
  }

  /** The secret itself, as it was when the configuration was loaded. */
  reveal(): string {
    return this.#value
  }

  /** As its file has it now: passwords are changed while the agent runs. As loaded where the file cannot be read. */
  current(): string {
    if (this.#path === undefined) return this.#value
    try {
      return readFileSync(this.#path, 'utf8').trim() || this.#value
    } catch {
      return this.#value
    }
  }

  toString(): string {
    return '***'
  }

  toJSON(): string {
    return '***'
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '***'
  }
}

/** All secrets in settings of any depth, revealed. */
export function secretsIn(value: unknown): string[] {
  if (value instanceof Secret) return [value.reveal()]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(secretsIn) : []
}

export const secret = z
  .string({ error: 'expected a text' })
  .min(1, { error: 'must not be empty' })
  .transform((value) => new Secret(value))
  .meta({ title: 'secret' })

/** The path of a file that holds a secret; read when the configuration is loaded. */
export const secretFile = z
  .string({ error: 'expected the path of a file' })
  .transform((path, context) => {
    try {
      return new Secret(readFileSync(path, 'utf8').trim(), path)
    } catch (error) {
      context.addIssue({ code: 'custom', message: `cannot read ${path}: ${(error as Error).message}` })
      return z.NEVER
    }
  })
  .meta({ title: 'file' })
