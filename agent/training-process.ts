import { join } from 'node:path'
import { parseConfig } from '../config/index.ts'
import { Registry } from '../models/registry.ts'
import { schema } from './components.ts'
import { describeError, MillwrightError } from './core/index.ts'
import { openJournal } from './journal/index.ts'
import { learn } from './training.ts'

/** What the agent tells the training process. */
export interface ProcessJob {
  /** The configuration as text, and the arguments it was loaded with. */
  readonly text: string
  readonly args: readonly string[]
  readonly monitor: string
  /** Offset in `samples` before which the training data end. */
  readonly to: number
  readonly created: number
}

/** What it answers. */
export type ProcessAnswer =
  | { readonly progress: number }
  | { readonly version: string }
  | { readonly failed: string; readonly remedy?: string; readonly retryable: boolean }

const tell = (answer: ProcessAnswer) =>
  new Promise<void>((resolve) => process.send!(answer, undefined, undefined, () => resolve()))

process.once('message', (job: ProcessJob) => {
  train(job)
    .then((version) => tell({ version }))
    .catch((error: unknown) => tell(failure(error)))
    .finally(() => process.disconnect())
})

async function train({ text, args, monitor, to, created }: ProcessJob): Promise<string> {
  const config = parseConfig(text, { schema, args })
  const journal = await openJournal({ folder: join(config.data, 'journal'), settings: config.journal, readOnly: true })
  try {
    const progress = (windows: number) => void tell({ progress: windows })
    const entries = upTo(journal, to)
    const bundle = await learn({ config, monitor, tags: journal.tags, entries, created, progress }, never)
    return await new Registry(join(config.data, 'models')).register(bundle)
  } finally {
    await journal.close()
  }
}

/** The process is killed to cancel it, so nothing inside has to listen. */
const never = new AbortController().signal

function* upTo(journal: Awaited<ReturnType<typeof openJournal>>, to: number) {
  for (let next = journal.stats('samples').first; next < to;) {
    const chunk = journal.read('samples', next, 256).filter(({ offset }) => offset < to)
    if (chunk.length === 0) return
    yield chunk
    next = chunk[chunk.length - 1].offset + 1
  }
}

function failure(error: unknown): ProcessAnswer {
  if (!(error instanceof MillwrightError)) return { failed: describeError(error), retryable: true }
  return { failed: describeError(error), remedy: error.remedy, retryable: error.retryable }
}
