import { DecisionError, DetectorError, MillwrightError, describeError } from '../core/index.ts'

/** Every error code of the API that is not one of the agent's own, with its HTTP status and what to do. */
export const problems = {
  HTTP_NOT_FOUND: { status: 404, remedy: 'The addresses are listed in the documentation of the API.' },
  HTTP_NO_PLANT: { status: 404, remedy: 'The simulated plant is there in the demo only: millwright demo.' },
  HTTP_UNKNOWN: { status: 404, remedy: 'Read /api/state for what there is now.' },
  HTTP_BAD_JSON: { status: 400, remedy: 'Send one JSON object.' },
  HTTP_INVALID: { status: 400, remedy: 'Correct the named values and send the request again.' },
  HTTP_NOT_JSON: { status: 415, remedy: 'Send the body as JSON with content-type: application/json.' },
  HTTP_TOO_LARGE: { status: 413, remedy: 'Send no more than that.' },
  HTTP_UNAUTHORIZED: {
    status: 401,
    remedy:
      'Log in on the page, or send authorization: Bearer with the token from the file http-token in the data folder.',
  },
  HTTP_FORBIDDEN: {
    status: 403,
    remedy:
      'Ask whoever runs the agent for a token of that role: millwright token add NAME --role ROLE, on its machine.',
  },
  HTTP_NOT_THE_PROXY: {
    status: 403,
    remedy: 'Leave the header out; the addresses of the reverse proxy are http.proxy.trust in the configuration.',
  },
  HTTP_CROSS_ORIGIN: {
    status: 403,
    remedy: 'Only the agent’s own page and programs with the token may change things.',
  },
  HTTP_WRONG_HOST: {
    status: 421,
    remedy:
      'Open the agent by its address or as http://localhost, or add the name to `http.names` of its configuration.',
  },
  HTTP_BUSY: { status: 503, remedy: 'Close other pages that show this agent.' },
  HTTP_TOO_MANY: { status: 429, remedy: 'Wait a little, then try again.' },
  HTTP_INTERNAL: { status: 500, remedy: 'The agent’s log says what happened.' },
} as const satisfies Record<string, { status: number; remedy: string }>

export type ProblemCode = keyof typeof problems

/** A request that cannot be answered as asked; becomes `{error: {code, message, remedy}}`. */
export class Problem extends Error {
  readonly code: ProblemCode

  constructor(code: ProblemCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'Problem'
    this.code = code
  }
}

/** Status and body that answer an error. Anything unforeseen is not shown: it belongs into the log. */
export function answerTo(error: unknown): { status: number; body: { error: object }; unforeseen: boolean } {
  if (error instanceof Problem) {
    const { status, remedy } = problems[error.code]
    return { status, body: { error: { code: error.code, message: error.message, remedy } }, unforeseen: false }
  }
  if (error instanceof DetectorError || error instanceof DecisionError) {
    const { code, remedy } = error
    return { status: 409, body: { error: { code, message: describeError(error), remedy } }, unforeseen: false }
  }
  if (error instanceof MillwrightError) {
    const { code, remedy, retryable } = error
    const message = describeError(error)
    return { status: retryable ? 503 : 500, body: { error: { code, message, remedy } }, unforeseen: false }
  }
  const { status, remedy } = problems.HTTP_INTERNAL
  const message = 'the agent failed to answer this request'
  return { status, body: { error: { code: 'HTTP_INTERNAL', message, remedy } }, unforeseen: true }
}
