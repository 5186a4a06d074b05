import { existsSync, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { Option, type Command } from 'commander'
import { z } from 'zod'
import { httpConfig, parseConfig } from '../../config/index.ts'
import { AgentError } from '../core/index.ts'
import { tokenFileName } from '../process/index.ts'
import { configOption, defaultConfig } from './configuration.ts'
import { explain } from './explain.ts'
import { fetchSecurely, type Trust } from './secure-fetch.ts'
import { jsonOption } from './output.ts'

/** How a command finds the running agent. */
export interface AgentOptions {
  readonly config: string
  readonly url?: string
  readonly tokenFile?: string
  readonly ca?: string
  readonly json?: boolean
}

/** Adds the options of commands that speak with the running agent. */
export function withAgent(command: Command): Command {
  return command
    .addOption(configOption())
    .addOption(new Option('--url <address>', 'address of the agent, instead of that in the configuration'))
    .addOption(new Option('--token-file <file>', 'file of the token, instead of the one in the data folder'))
    .addOption(
      new Option('--ca <file>', 'PEM file of the authority that signed the certificate of the agent, with --url'),
    )
    .addOption(jsonOption())
}

/** Who does it, unless --by says so. */
export function userName(): string {
  try {
    return userInfo().username
  } catch {
    return 'command line'
  }
}

/** Longest wait for an answer, ms. */
const patience = 10_000

/** The HTTP API of a running agent. Every failure is an AgentError that says what to do. */
export class AgentApi {
  readonly url: string
  readonly #tokenFile: string
  readonly #trust: Trust

  constructor(url: string, tokenFile: string, trust: Trust = {}) {
    this.url = url.replace(/\/+$/, '')
    this.#tokenFile = tokenFile
    this.#trust = trust
  }

  get<Answer>(path: string): Promise<Answer> {
    return this.#ask<Answer>(path, {})
  }

  /** What is no JSON, such as the metrics. */
  async text(path: string): Promise<string> {
    return (await this.#fetch(path, {})).text
  }

  post<Answer>(path: string, body: object): Promise<Answer> {
    return this.#ask<Answer>(path, {
      method: 'POST',
      body: JSON.stringify(body),
    })
  }

  async #ask<Answer>(path: string, request: { method?: string; body?: string }): Promise<Answer> {
    const { response, text } = await this.#fetch(path, request)
    const answer = parse(text)
    if (response.ok && answer !== undefined) return answer as Answer
    throw this.#refusal(response.status, answer)
  }

  async #fetch(
    path: string,
    request: { method?: string; body?: string },
  ): Promise<{ response: Pick<Response, 'ok' | 'status'>; text: string }> {
    const token = readToken(this.#tokenFile)
    const headers = {
      ...(request.body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    }
    // Whoever answers leads the token nowhere else.
    const asked = { ...request, headers, redirect: 'error', signal: AbortSignal.timeout(patience) } as const
    try {
      const address = `${this.url}${path}`
      const response = await (address.startsWith('https:')
        ? fetchSecurely(address, asked, this.#trust)
        : fetch(address, asked))
      return { response, text: await response.text() }
    } catch (error) {
      if (error instanceof AgentError) throw error
      throw new AgentError('AGENT_UNREACHABLE', `no agent answers at ${this.url}`, {
        cause: error instanceof Error && error.cause !== undefined ? error.cause : error,
        remedy: 'Start it with `millwright run`, or name its address with --url.',
      })
    }
  }

  #refusal(status: number, answer: unknown): AgentError {
    const { error } = (answer ?? {}) as { error?: { message?: string; remedy?: string } }
    if (error?.message === undefined)
      return new AgentError('AGENT_REFUSED', `what answers at ${this.url} is no Millwright agent (HTTP ${status})`, {
        remedy: 'Name the address of the agent with --url.',
      })
    const remedy =
      status === 401
        ? `The token is read from ${this.#tokenFile}; name another file with --token-file, and read it as its owner.`
        : error.remedy
    return new AgentError('AGENT_REFUSED', error.message, remedy === undefined ? {} : { remedy })
  }
}

/**
 * The agent that the options and the configuration name; without a configuration the one with the defaults, where that
 * configuration is the usual one or `withoutFile` allows it.
 */
export function agentApi({ config: file, url, tokenFile, ca }: AgentOptions, withoutFile = false): AgentApi {
  const { http, data } = addressOf(file, url !== undefined || withoutFile)
  if (url === undefined && http.port === 0)
    throw new AgentError('AGENT_UNREACHABLE', 'the configuration lets the agent pick a port of its own', {
      remedy: 'Name its address with --url; the agent logs it when it starts.',
    })
  const host = http.host === '0.0.0.0' || http.host === '::' ? '127.0.0.1' : http.host
  const own = `${http.tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${http.port}`
  const trust = url === undefined && ca === undefined ? { pinned: http.tls?.certificate } : { ca }
  return new AgentApi(url ?? own, tokenFile ?? join(data, tokenFileName), trust)
}

/** The data folder of a configuration, whatever else is wrong with it. */
export function dataFolder(file: string): string {
  return addressOf(file, false).data
}

/** The part of the configuration that says where the agent is. What else is wrong with the file is not looked at. */
const addressSchema = z.looseObject({ data: z.string().default('data'), http: httpConfig.prefault({}) })

function addressOf(file: string, optional: boolean): z.output<typeof addressSchema> {
  if ((optional || file === defaultConfig) && !existsSync(file)) return addressSchema.parse({})
  // Names that the agent's environment fills in are secrets and addresses of others: nothing of it is needed here.
  const env = new Proxy(process.env, {
    get: (known, name: string) => known[name] ?? (name.startsWith('MILLWRIGHT_') ? undefined : ''),
  })
  try {
    return parseConfig(readFileSync(file, 'utf8'), { schema: addressSchema, env })
  } catch (error) {
    if (optional) return addressSchema.parse({})
    process.exit(explain(error, file))
  }
}

function readToken(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return undefined
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
