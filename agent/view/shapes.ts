// Longer than others: the shapes of all that the API answers, each built of those before it.
import { z } from 'zod'
import { predictionKinds, stateBeyond } from '../core/prediction.ts'
import { roleNames } from '../core/roles.ts'
import { stationGlance } from './inspection-shapes.ts'

/*
 * What the API answers: one schema each, from which types and the OpenAPI description come. Plain JSON: null stands for
 * "no value", times are ms since epoch.
 */

const list = <Item extends z.ZodType>(item: Item) => z.array(item).readonly()
const byName = <Value extends z.ZodType>(value: Value) => z.record(z.string(), value).readonly()
const time = z.number().describe('ms since epoch.')
const moment = time.nullable()
const quality = z.union([z.literal(0), z.literal(1), z.literal(2)]).describe('0 good, 1 uncertain, 2 bad.')
const contributions = byName(z.number()).describe('Share of the score per role, largest first.')
const detail = z.string().optional().describe('What it is, in words, of an alarm that no model raised.')
const numbers = list(z.number().nullable())

export const verdict = z.strictObject({
  ok: z.boolean(),
  reasons: list(z.string()).describe('What is not well, in words for the user; may name what is degraded although ok.'),
})

export const throughput = z
  .strictObject({
    samplesPerSecond: z.number(),
    predictionsPerSecond: z.number(),
    lag: z.number().describe('Entries of the journal that the pipeline has not handled yet.'),
  })
  .describe('Averages over the last seconds.')

export const connectionState = z.strictObject({
  name: z.string().describe('The name of the connector in the configuration.'),
  type: z.string(),
  direction: z.enum(['source', 'sink']),
  status: z.strictObject({
    state: z.enum(['connecting', 'up', 'degraded', 'down']),
    message: z.string(),
    remedy: z.string().optional().describe('What the user can do.'),
    items: byName(z.string()).optional().describe('Items that are not fine, by node or topic.'),
  }),
  skew: z.number().nullable().optional().describe('How far the clock of the source is ahead of the agent’s, ms.'),
})

/** The newest conclusion of a monitor on one asset. */
export const monitorState = z.strictObject({
  monitor: z.string(),
  kind: z.enum(predictionKinds),
  state: z.enum(['normal', 'unknown', 'learning', ...Object.values(stateBeyond)]),
  score: z.number().nullable(),
  threshold: z.number().nullable(),
  health: z.number().nullable().describe('1: as learned; 0.5: at the threshold; near 0: far beyond. Null: no opinion.'),
  model: z.string().describe('Version of the model; empty while learning.'),
  progress: z.number().optional().describe('0 to 1 while learning: the share of the data collected.'),
  detail: z.string().optional().describe('What it is doing, or why it has no opinion.'),
  time: moment.describe('End of the window.'),
  stale: z
    .boolean()
    .optional()
    .describe('There was no news for longer than usual: how the machine is, nobody knows since `time`.'),
  contributions,
  value: z.number().nullable().optional().describe('Remaining life in ms, or the estimate in its own unit.'),
  lower: z.number().nullable().optional().describe('Bounds of the interval that holds the truth nine times of ten.'),
  upper: z.number().nullable().optional(),
  label: z.string().optional().describe('The class of fault concluded.'),
  probability: z.number().nullable().optional().describe('Of that class.'),
})

/** The newest sample of a tag. */
export const tagState = z.strictObject({
  role: z.string(),
  tag: z.string(),
  unit: z.string().optional(),
  value: z.union([z.number(), z.string(), z.boolean()]).nullable(),
  quality,
  time: moment.describe('Event time.'),
  stale: z.boolean().optional().describe('It has not come for longer than usual.'),
})

export const assetState = z.strictObject({
  name: z.string(),
  className: z.string(),
  monitors: list(monitorState),
  tags: list(tagState),
})

export const alarmView = z.strictObject({
  id: z.string().describe('`monitor/asset/raised time`.'),
  asset: z.string(),
  monitor: z.string(),
  state: z.enum(['raised', 'acknowledged', 'cleared', 'normal']),
  raised: time,
  cleared: time.optional(),
  score: z.number(),
  threshold: z.number(),
  contributions,
  by: z.string().optional().describe('Who acknowledged or shelved it last.'),
  reason: z.string().optional(),
  detail,
  shelvedUntil: time.optional(),
})

const streamState = z.strictObject({ rows: z.number(), bytes: z.number(), corrupt: z.number() })

export const plantState = z.strictObject({
  assets: list(
    z.strictObject({
      name: z.string(),
      faults: list(z.strictObject({ name: z.string(), title: z.string() })).describe('Faults that can be injected.'),
    }),
  ),
  active: list(z.strictObject({ asset: z.string(), fault: z.string(), severity: z.number() })).describe(
    'Faults at work now.',
  ),
})

export const agentState = z.strictObject({
  time: time.describe('When this was taken.'),
  site: z.string(),
  version: z.string(),
  demo: z.boolean(),
  started: time.describe('When the process started.'),
  ready: verdict,
  throughput,
  connections: list(connectionState),
  assets: list(assetState),
  alarms: list(alarmView).describe('Alarms that are not normal, newest first.'),
  journal: z
    .strictObject({ samples: streamState, results: streamState, dead: streamState })
    .readonly()
    .describe('Extent of each stream of the journal.'),
  journalLimit: z.number().optional().describe('Bytes that the journal may take.'),
  disk: z
    .strictObject({ free: z.number(), size: z.number(), fullAt: moment })
    .optional()
    .describe(
      'Bytes free and altogether on the disk of the data folder, and when it will be full at the pace of late.',
    ),
  leftOut: list(z.string()).optional().describe('What the agent does without, as it ended it again and again.'),
  stations: list(stationGlance).optional().describe('Stations that judge parts, where any are configured.'),
  actions: z
    .strictObject({
      proposals: z.number(),
      stopped: z.boolean(),
      revision: z.string().describe('Changes with any decision.'),
    })
    .optional()
    .describe('Decisions that wait for approval, and whether all actions are stopped; where any are configured.'),
  plant: plantState.optional().describe('The simulated plant, where one is attached.'),
})

/** received = stored + rejected (by reason) + in flight + difference */
export const sourceLedger = z.strictObject({
  name: z.string(),
  received: z.number(),
  stored: z.number(),
  rejected: byName(z.number()),
  inFlight: z.number(),
  difference: z.number(),
})

/** stored = delivered + overwritten + dead-lettered + waiting + difference */
export const sinkLedger = z.strictObject({
  name: z.string(),
  stored: z.number(),
  delivered: z.number(),
  overwritten: z.number().describe('Rows of the series and microsecond of another, which has taken their place.'),
  deadLettered: z.number(),
  waiting: z.number(),
  difference: z.number(),
})

export const ledger = z
  .strictObject({ time, sources: list(sourceLedger), sinks: list(sinkLedger) })
  .describe('Where every sample and every result went. `difference` is 0, or something is lost.')

export const deadLetterView = z.strictObject({
  id: z.number().describe('Its place in the stream: what `resend` and `drop` name.'),
  time: time.describe('Arrival.'),
  origin: z.string().describe('The connector that put it aside.'),
  reason: z.string(),
  detail: z.string(),
  subject: z.string().describe('Topic, node or tag.'),
  rows: z.number().describe('How many samples or records it stands for.'),
  payload: z.string().describe('The beginning of the payload as text, undecodable bytes replaced.'),
  size: z.number().describe('Full size of the payload in bytes.'),
  whole: z.boolean().describe('All of it was kept, so that it can be sent again.'),
})

export const letterOutcome = z.strictObject({
  letter: z.number(),
  outcome: z
    .enum(['sent', 'dropped', 'kept', 'gone'])
    .describe('`kept`: all or some of it failed again, `detail` says why; `gone`: there is no such letter.'),
  rows: z.number().describe('Rows that were sent or dropped.'),
  detail: z.string().optional(),
})

/** Per bucket, smallest and largest value and the worst quality; null where there was no sample. */
export const tagHistory = z.strictObject({
  tag: z.string(),
  role: z.string().optional(),
  unit: z.string().optional(),
  steady: z.boolean().describe('Silence means that the last value still holds.'),
  min: numbers,
  max: numbers,
  quality: list(quality.nullable()),
})

export const scoreHistory = z.strictObject({
  monitor: z.string(),
  kind: z.enum(predictionKinds),
  min: numbers,
  max: numbers,
  threshold: numbers,
  interval: z
    .strictObject({ min: numbers, max: numbers })
    .optional()
    .describe('What the value was said to lie in, of rul (ms) and estimate.'),
})

export const historyMark = z.strictObject({
  kind: z.enum(['model', 'alarm', 'gap']),
  time,
  to: time.optional().describe('End, of what lasts.'),
  monitor: z.string().optional(),
  text: z.string().describe('Version of the model, change of the alarm, or reason of the gap.'),
})

export const history = z
  .strictObject({
    from: time.describe('Beginning of the first bucket.'),
    step: z.number().describe('Length of a bucket, ms.'),
    count: z.number().describe('Buckets; never more than asked for.'),
    share: z.number().describe('Share of the samples in the range that was read: 1, or less where there are too many.'),
    first: moment.describe('Arrival of the oldest sample in the journal.'),
    tags: list(tagHistory),
    scores: list(scoreHistory),
    marks: list(historyMark),
  })
  .describe('Trends out of the journal, thinned to smallest and largest value per bucket.')

export const alarmChange = z.strictObject({
  time,
  id: z.string(),
  asset: z.string(),
  monitor: z.string(),
  change: z.string().describe('raised, acknowledged, cleared, shelved or unshelved.'),
  state: z.string(),
  raised: time,
  score: z.number(),
  threshold: z.number(),
  contributions,
  by: z.string().optional(),
  reason: z.string().optional(),
  detail,
})

export const alarmHistory = z
  .strictObject({
    changes: list(alarmChange).describe('Newest first.'),
    reaches: moment.describe('How far back this was looked for; null: to the beginning of the journal.'),
  })
  .describe('What became of alarms.')

export const auditEntry = z.strictObject({
  time,
  by: z.string().describe('Who did it: by their token or the reverse proxy; without `proof` who they said to be.'),
  proof: z.enum(['token', 'proxy']).optional().describe('How the agent knows who it was.'),
  said: z.string().optional().describe('Who they said to be, where that is another name.'),
  action: z.string(),
  subject: z.string(),
  detail: z.string(),
})

export const healthTrend = z.strictObject({
  monitor: z.string(),
  asset: z.string(),
  health: numbers.describe('The last windows, oldest first.'),
})

export const certificateView = z.strictObject({
  connector: z.string(),
  thumbprint: z.string(),
  subject: z.string(),
  issuer: z.string(),
  validFrom: time,
  validTo: time,
  state: z.enum(['trusted', 'pending']),
})

/** One version of a monitor's model. */
export const modelVersion = z.strictObject({
  version: z.string(),
  state: z.enum(['training', 'shadow', 'active', 'retired', 'refused', 'failed']),
  created: time.optional(),
  figures: byName(z.number()).describe('By name, over the windows in which it was compared.'),
  report: z.string().optional().describe('What it is and how it was tested, in words.'),
})

export const modelLife = z
  .strictObject({
    monitor: z.string(),
    step: z.enum(['collecting', 'training', 'shadow', 'active']),
    progress: z.number().optional().describe('0 to 1 of the step.'),
    detail: z.string().optional(),
    active: z.string().optional().describe('Version of the model that scores.'),
    since: time.optional(),
    nextTraining: time.optional(),
    versions: list(modelVersion).describe('Newest first.'),
    drift: z.strictObject({ name: z.string(), value: z.number(), limit: z.number() }).optional(),
    actions: list(z.enum(['promote', 'rollback', 'retrain'])).describe('What may be asked for now.'),
  })
  .describe('The life of the model of a monitor or station.')

export const session = z.strictObject({
  loggedIn: z.boolean(),
  read: z.enum(['open', 'token']).describe('Whether reading needs a log-in as well.'),
  name: z
    .string()
    .optional()
    .describe('Whose token began it, or whom the reverse proxy names; absent: the shared token.'),
  proof: z.enum(['token', 'proxy']).optional(),
  role: z.enum(roleNames).optional().describe('What they may do; absent: the shared token, which may do everything.'),
  may: list(z.string()).optional().describe('The operations that this role may use, as this document names them.'),
})

export const openSession = z.strictObject({
  id: z.string(),
  name: z.string().optional().describe('Whose token began it; absent: the shared token.'),
  role: z.enum(roleNames),
  begun: time,
  expires: time,
  address: z.string().describe('Where the log-in came from.'),
})

export const problem = z.strictObject({
  error: z.strictObject({ code: z.string(), message: z.string(), remedy: z.string().optional() }),
})

export type Verdict = Readonly<z.output<typeof verdict>>
export type Throughput = Readonly<z.output<typeof throughput>>
export type ConnectionState = Readonly<z.output<typeof connectionState>>
export type MonitorState = Readonly<z.output<typeof monitorState>>
export type TagState = Readonly<z.output<typeof tagState>>
export type AssetState = Readonly<z.output<typeof assetState>>
export type AlarmView = Readonly<z.output<typeof alarmView>>
export type StreamState = Readonly<z.output<typeof streamState>>
export type PlantState = Readonly<z.output<typeof plantState>>
export type AgentState = Readonly<z.output<typeof agentState>>
export type SourceLedger = Readonly<z.output<typeof sourceLedger>>
export type SinkLedger = Readonly<z.output<typeof sinkLedger>>
export type Ledger = Readonly<z.output<typeof ledger>>
export type LetterResult = Readonly<z.output<typeof letterOutcome>>
export type DeadLetterView = Readonly<z.output<typeof deadLetterView>>
export type TagHistory = Readonly<z.output<typeof tagHistory>>
export type ScoreHistory = Readonly<z.output<typeof scoreHistory>>
export type HistoryMark = Readonly<z.output<typeof historyMark>>
export type History = Readonly<z.output<typeof history>>
export type AlarmChange = Readonly<z.output<typeof alarmChange>>
export type AlarmHistory = Readonly<z.output<typeof alarmHistory>>
export type AuditEntry = Readonly<z.output<typeof auditEntry>>
export type HealthTrend = Readonly<z.output<typeof healthTrend>>
export type CertificateView = Readonly<z.output<typeof certificateView>>
export type ModelVersion = Readonly<z.output<typeof modelVersion>>
export type ModelLife = Readonly<z.output<typeof modelLife>>
export type Session = Readonly<z.output<typeof session>>
