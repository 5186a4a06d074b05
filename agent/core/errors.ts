/**
 * Every error code of the agent: what it means, and whether trying again can help.
 * Supervisors read `retryable`, never messages. The error reference is printed from this table.
 */
export const errorCodes = {
  CONFIG_INVALID: { retryable: false, meaning: 'The configuration has problems; each is listed with its line.' },
  CONFIG_UNREADABLE: { retryable: false, meaning: 'The configuration file cannot be read or is not YAML.' },
  SOURCE_UNREACHABLE: { retryable: true, meaning: 'The server or broker of a source does not answer.' },
  SOURCE_REFUSED: { retryable: true, meaning: 'The server or broker refused the session, identity or subscription.' },
  SOURCE_INSECURE: {
    retryable: true,
    meaning: 'No endpoint is as secure as the configuration asks for; the agent does not downgrade.',
  },
  SOURCE_UNTRUSTED: { retryable: true, meaning: 'The server certificate is unknown and waits for approval.' },
  SOURCE_DATA: { retryable: false, meaning: 'A file of a source cannot be read as described.' },
  JOURNAL_FULL: {
    retryable: true,
    meaning: 'The disk or the journal map is full; nothing is acknowledged until there is room.',
  },
  JOURNAL_READ_ONLY: { retryable: false, meaning: 'The data folder cannot be written.' },
  JOURNAL_CLOSED: { retryable: false, meaning: 'The journal is closed.' },
  JOURNAL_IO: { retryable: true, meaning: 'The store of the journal failed.' },
  JOURNAL_LOCKED: { retryable: false, meaning: 'Another agent writes to the same data folder.' },
  MODEL_BROKEN: { retryable: false, meaning: 'A model bundle is damaged, incomplete or not ONNX.' },
  MODEL_MISMATCH: {
    retryable: false,
    meaning: 'A model bundle does not fit: inputs, features or golden vectors differ.',
  },
  WORKER_DIED: {
    retryable: true,
    meaning: 'A process that does native work ended, or hung, over a job; the agent itself goes on.',
  },
  MODEL_UNTRUSTED: {
    retryable: false,
    meaning: 'Nobody whom the configuration trusts has signed a model bundle as it is.',
  },
  MODEL_MISSING: { retryable: false, meaning: 'A model bundle is not in the registry.' },
  TRAINING_DATA: { retryable: true, meaning: 'There is too little, or no usable, data to train from.' },
  TRAINING_FAILED: { retryable: true, meaning: 'The training process ended without a model.' },
  DELIVERY_UNREACHABLE: { retryable: true, meaning: 'The far side of a sink does not answer.' },
  DELIVERY_BUSY: { retryable: true, meaning: 'The far side is slow, overloaded or limits the rate.' },
  DELIVERY_DENIED: {
    retryable: true,
    meaning: 'The far side refuses the credentials or the target does not exist; someone has to mend it.',
  },
  DELIVERY_REJECTED: { retryable: false, meaning: 'The far side will never accept these records.' },
  AGENT_UNREACHABLE: { retryable: true, meaning: 'No running agent answers at its address.' },
  AGENT_REFUSED: { retryable: false, meaning: 'The running agent refused what a command asked of it.' },
  TOKEN_REFUSED: { retryable: false, meaning: 'A token cannot be given out or taken back.' },
  ACTION_REFUSED: {
    retryable: false,
    meaning: 'An order about actions cannot be followed: it is over, answered already, or all are stopped.',
  },
  BACKUP_BROKEN: { retryable: false, meaning: 'A backup cannot be written or read, or is damaged.' },
} as const satisfies Record<string, { retryable: boolean; meaning: string }>

export type ErrorCode = keyof typeof errorCodes

/** The base of every error the agent raises on purpose. */
export abstract class MillwrightError extends Error {
  readonly code: ErrorCode
  /** What the user can do about it, in one sentence. */
  readonly remedy: string | undefined

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; remedy?: string } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = new.target.name
    this.code = code
    this.remedy = options.remedy
  }

  get retryable(): boolean {
    return errorCodes[this.code].retryable
  }
}

/** One problem of a configuration file. `line` and `column` count from 1. */
export interface ConfigProblem {
  readonly path: string
  readonly message: string
  readonly line?: number
  readonly column?: number
  readonly remedy?: string
}

/** Stops the start. Carries every problem, not only the first. */
export class ConfigError extends MillwrightError {
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[], options: { cause?: unknown; code?: ErrorCode } = {}) {
    super(options.code ?? 'CONFIG_INVALID', problems.map((problem) => problem.message).join('\n'), options)
    this.problems = problems
  }
}

/** A source cannot deliver. */
export class SourceError extends MillwrightError {}

/** The journal cannot store or serve. */
export class JournalError extends MillwrightError {}

/** A model cannot be trained, loaded or run. */
export class DetectorError extends MillwrightError {}

/** A sink cannot deliver. Where that is for good (not `retryable`), delivery finds the entry to blame and puts it aside. */
export class DeliveryError extends MillwrightError {
  /** How long the far side asked to wait, in ms. */
  readonly retryAfter: number | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; remedy?: string; retryAfter?: number } = {},
  ) {
    super(code, message, options)
    this.retryAfter = options.retryAfter
  }
}

/**
 * What `encode` makes of what a sink is to write. Where that throws, the fault is no failure of the far side and stays: a
 * DeliveryError that is not retryable, so that the record is found and put aside and holds up none behind it.
 */
export function expressed<Encoded>(encode: () => Encoded): Encoded {
  try {
    return encode()
  } catch (error) {
    if (error instanceof MillwrightError) throw error
    throw new DeliveryError('DELIVERY_REJECTED', `it cannot be expressed: ${describeError(error)}`, { cause: error })
  }
}

/** An order about actions cannot be followed. */
export class DecisionError extends MillwrightError {}

/** A command cannot do its work with the running agent, or with a file of the user. */
export class AgentError extends MillwrightError {}

/** The message of anything thrown, with its causes. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const own = error.message || error.name
  return error.cause === undefined ? own : `${own} (${describeError(error.cause)})`
}
