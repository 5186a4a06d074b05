import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Server } from 'node:https'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { type Clock, ConfigError, describeError, type Finding, type Logger, systemClock } from '../core/index.ts'
import { stampOf } from './named-tokens.ts'

/** Paths of PEM files: the certificate with those of its chain behind it, and its key. */
export interface TlsSettings {
  readonly certificate: string
  readonly key: string
}

/** What is wrong with these files, or soon will be. */
export function certificateFindings(settings: TlsSettings): Finding[] {
  const found: Finding[] = []
  const silent = () => undefined
  const warn = (_: object, text: string) => void found.push({ level: 'warning', text })
  try {
    new Certificate(settings, { debug: silent, info: silent, warn, error: silent }, systemClock)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const { message: text, remedy } of error.problems) found.push({ level: 'trouble', text, ...(remedy !== undefined && { remedy }) }) // prettier-ignore
  }
  return found
}

/** How often the files are looked at, ms; by time and size, so that it works on mounted volumes. */
const lookEvery = 1_000
/** So long before its end a certificate is warned of, ms. */
const soon = 14 * 86_400_000

/** The certificate that the agent shows, taken anew from its files whenever they change. */
export class Certificate {
  readonly #settings: TlsSettings
  readonly #log: Logger
  readonly #clock: Clock
  #seen: string
  #told = ''
  #end = Infinity
  /** For `https.createServer`, as the files are at the start. */
  readonly options: SecureContextOptions

  /** Throws a ConfigError where a file is missing or no PEM, or the key is that of another certificate. */
  constructor(settings: TlsSettings, log: Logger, clock: Clock) {
    this.#settings = settings
    this.#log = log
    this.#clock = clock
    this.#seen = this.#stamp()
    this.options = this.#load()
    this.#warn()
  }

  /** Goes on with what the files become; returns what ends it. */
  follow(server: Pick<Server, 'setSecureContext'>): () => void {
    const timer = setInterval(() => this.#look(server), lookEvery)
    return () => clearInterval(timer)
  }

  #look(server: Pick<Server, 'setSecureContext'>): void {
    const seen = this.#stamp()
    if (seen !== this.#seen) {
      this.#seen = seen
      try {
        server.setSecureContext(this.#load())
        this.#log.info({ certificate: this.#settings.certificate }, 'the certificate of the page was reloaded')
      } catch (error) {
        // One file may be newer than the other: the next look sees both.
        this.#log.error({}, `the page keeps its certificate of before: ${describeError(error)}`)
      }
    }
    this.#warn()
  }

  #load(): SecureContextOptions {
    const { certificate, key } = this.#settings
    const cert = readPart(certificate, 'certificate')
    const privateKey = readPart(key, 'key')
    const shown = parse(certificate, 'certificate', () => new X509Certificate(cert))
    const own: KeyObject = parse(key, 'key', () => createPrivateKey(privateKey))
    if (!shown.checkPrivateKey(own))
      throw unusable('key', `the key in ${key} does not belong to the certificate in ${certificate}`, 'Name the key that the certificate was made with; the certificate of the agent itself comes first in its file.') // prettier-ignore
    // TLS 1.0 and 1.1 are broken (RFC 8996).
    const options = { cert, key: privateKey, minVersion: 'TLSv1.2' } as const
    parse(certificate, 'certificate', () => createSecureContext(options))
    this.#end = Date.parse(shown.validTo)
    return options
  }

  /** Says once that the certificate ends soon, and once that it has ended. */
  #warn(): void {
    const left = this.#end - this.#clock.now()
    const day = new Date(this.#end).toISOString().slice(0, 10)
    const told = left <= 0 ? `expired on ${day}` : left < soon ? `expires on ${day}` : ''
    if (told !== this.#told && told !== '')
      this.#log.warn({}, `the certificate in ${this.#settings.certificate} ${told}: browsers refuse it then. Put a new one in its place, the agent takes it by itself`) // prettier-ignore
    this.#told = told
  }

  #stamp(): string {
    return `${stampOf(this.#settings.certificate)} ${stampOf(this.#settings.key)}`
  }
}

function readPart(file: string, what: keyof TlsSettings): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw unusable(what, `the ${what} ${file} cannot be read: ${describeError(error)}`, 'Name a PEM file that the user of the agent may read.', error) // prettier-ignore
  }
}

function parse<Result>(file: string, what: keyof TlsSettings, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    throw unusable(what, `the ${what} in ${file} is none that can be used: ${describeError(error)}`, what === 'key' ? 'It must be PEM, and not encrypted.' : 'It must be PEM: the certificate, and behind it those of its chain.', error) // prettier-ignore
  }
}

function unusable(what: keyof TlsSettings, message: string, remedy: string, cause?: unknown): ConfigError {
  return new ConfigError([{ path: `http.tls.${what}`, message, remedy }], { cause })
}
