import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { AgentError, describeError } from '../core/index.ts'

/** What the certificate of an agent is checked against: the very certificate, or an authority; else those of the system. */
export interface Trust {
  /** PEM file of the certificate that the agent shows: that of its own configuration, whatever names and times it is for. */
  readonly pinned?: string | undefined
  /** PEM file of an authority. */
  readonly ca?: string | undefined
}

interface Asked {
  readonly method?: string
  readonly body?: string
  readonly headers: Record<string, string>
  readonly redirect: 'error'
  readonly signal: AbortSignal
}

/** Asks over HTTPS. Nothing is sent before the certificate is the right one; rejects with an AgentError where it is not. */
export async function fetchSecurely(address: string, asked: Asked, trust: Trust): Promise<Answer> {
  // Loaded here: most agents are asked over HTTP on their own machine.
  const { Agent, buildConnector, fetch } = await import('undici')
  const { ca, pinned } = trust
  if (pinned === undefined) {
    const dispatcher = new Agent({ connect: ca === undefined ? {} : { ca: readPem(ca) } })
    return fetch(address, { ...asked, dispatcher }).catch((error: unknown) => {
      throw untrusted(address, error) ?? error
    })
  }
  const { fingerprint256 } = new X509Certificate(readPem(pinned))
  // Not by authority and name: it is compared as a whole, below.
  const connect = buildConnector({ rejectUnauthorized: false })
  const dispatcher = new Agent({
    connect: (options, done) =>
      connect(options, (error, socket) => {
        const shown = socket && 'getPeerX509Certificate' in socket ? socket.getPeerX509Certificate() : undefined
        if (error) done(error, null)
        else if (shown?.fingerprint256 === fingerprint256) done(null, socket)
        else {
          socket.destroy()
          done(otherCertificate(address, pinned), null)
        }
      }),
  })
  try {
    return await fetch(address, { ...asked, dispatcher })
  } catch (error) {
    throw error instanceof Error && error.cause instanceof AgentError ? error.cause : error
  }
}

type Answer = Pick<Response, 'ok' | 'status' | 'text'>

function readPem(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new AgentError('AGENT_REFUSED', `the certificate ${file} cannot be read: ${describeError(error)}`, {
      cause: error,
      remedy: 'Run this where the agent runs, or name its address with --url and the authority with --ca.',
    })
  }
}

function otherCertificate(address: string, file: string): AgentError {
  return new AgentError(
    'AGENT_REFUSED',
    `what answers at ${new URL(address).origin} does not show the certificate in ${file}`,
    {
      remedy:
        'Look whether that agent runs with this configuration; its log says so where it could not take a new certificate.',
    },
  )
}

/** What TLS itself says of a certificate; undefined where the error is of another kind. */
function untrusted(address: string, error: unknown): AgentError | undefined {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : undefined
  const { code = '' } = (cause ?? {}) as NodeJS.ErrnoException
  if (!cause || !/CERT|SIGN|ALTNAME/.test(code)) return undefined
  return new AgentError(
    'AGENT_REFUSED',
    `the certificate of ${new URL(address).origin} is not trusted: ${cause.message}`,
    {
      cause,
      remedy: 'Name the authority that signed it with --ca, and the agent by a name that its certificate is for.',
    },
  )
}
