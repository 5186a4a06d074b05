import { type ErrorCode, MillwrightError, SourceError } from '../../agent/core/index.ts'

const approve = "Approve the agent's certificate on the server"

/** What servers say and what the user can do, by the first expression that fits. */
const faults: readonly {
  readonly says: RegExp
  readonly code: ErrorCode
  readonly message: string
  readonly remedy: string
}[] = [
  {
    says: /BadIdentityTokenRejected|BadUserAccessDenied|BadUserSignatureInvalid/,
    code: 'SOURCE_REFUSED',
    message: 'the server refuses the identity',
    remedy: 'Check `identity`: user, password or certificate, and whether the server knows it.',
  },
  {
    says: /BadIdentityTokenInvalid|user token policy/i,
    code: 'SOURCE_REFUSED',
    message: 'the server does not accept this kind of identity',
    remedy: 'Set `identity` to a kind that the server accepts: anonymous, a user, or a certificate.',
  },
  {
    says: /BadTooManySessions/,
    code: 'SOURCE_REFUSED',
    message: 'the server has no session left',
    remedy: 'Close other clients of this server, or raise its number of sessions.',
  },
  {
    says: /BadCertificate|BadSecurityChecksFailed|BadApplicationSignatureInvalid/,
    code: 'SOURCE_REFUSED',
    message: "the server refuses the agent's certificate",
    remedy: approve,
  },
]

/** A SourceError of anything that went wrong while connecting, in words for the user. `own`: the agent's certificate. */
export function asSourceError(
  error: unknown,
  own = 'own/certs/client_certificate.pem in the PKI folder',
): MillwrightError {
  if (error instanceof MillwrightError) return error
  const text = error instanceof Error ? error.message : String(error)
  const fault = faults.find(({ says }) => says.test(text))
  if (fault) {
    const remedy = fault.remedy === approve ? `${approve}: ${own}.` : fault.remedy
    return new SourceError(fault.code, fault.message, { cause: error, remedy })
  }
  return new SourceError('SOURCE_UNREACHABLE', 'the server does not answer', {
    cause: error,
    remedy: 'Check the address, the network, and whether the server runs.',
  })
}

/** A secure channel broke off before it was open: many servers just close where they do not trust the client yet. */
export function untrustedError(error: unknown, own: string): MillwrightError {
  const known = asSourceError(error, own)
  if (known.code !== 'SOURCE_UNREACHABLE') return known
  const message = "the server broke off the secure channel: the agent's certificate may wait for approval there"
  return new SourceError('SOURCE_REFUSED', message, { cause: error, remedy: `${approve}: ${own}.` })
}

/** Whether a request was too large for the server or took too long: fewer operations at once may do. */
export function isTooLarge(error: unknown): boolean {
  return /TooLarge|BadTooManyOperations|BadEncodingLimitsExceeded|BadOutOfMemory|timed out/.test(String(error))
}

/** Whether the server had something to send that is longer than a message may be. It is lost; the connection is not. */
export function isUnsendable(error: unknown): boolean {
  const says = /BadTcpMessageTooLarge|BadResponseTooLarge|BadEncodingLimitsExceeded|BadOperationAbandoned/
  return isAnswer(error) && says.test(String(error))
}

/** Whether the server sent more than it was asked to, which ends the connection. */
export function isOverlong(error: unknown): boolean {
  return /max (message size|chunk count) exceeded/.test(String(error))
}

/** Whether the server answered, and with a refusal; otherwise the connection is broken. */
export function isAnswer(error: unknown): boolean {
  return error instanceof Error && 'response' in error && error.response !== undefined
}

/** What an error tells the user. By its members: more than one copy of the core may be loaded, where tests compile it twice. */
export function told(error: unknown): { readonly code?: unknown; readonly remedy?: string } {
  return error instanceof Error && 'code' in error && 'remedy' in error ? (error as { remedy?: string }) : {}
}

/** What an error says, in one line. */
export function plain(error: unknown): string {
  return error instanceof Error ? error.message.trim().split('\n')[0] : String(error)
}
