// Longer than others: every address of the API, in one table.
import { z } from 'zod'
import { queries, requests } from './requests.ts'
import { actionShapes, inspectionShapes as inspections } from '../view/index.ts'
import { shapes } from '../view/index.ts'

/**
 * Who may ask: everybody; whoever may read; to read what the plant does not show to everybody, to change something, and the
 * same at a camera's rate: whoever shows the token or is logged in.
 */
export type Access = 'open' | 'read' | 'guarded' | 'change' | 'image'

/** One thing the HTTP interface does. Routes and the OpenAPI description are made from this. */
export interface Operation {
  readonly summary: string
  readonly access: Access
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  /** What it answers as JSON; none: see `media`. */
  readonly answer?: z.ZodType
  /** Media type of an answer that is not JSON. */
  readonly media?: string
  /** Another status it answers with on purpose, and when. */
  readonly otherwise?: Readonly<Record<number, string>>
}

const done = z.strictObject({ alarm: z.string() })
const atWork = z.strictObject({ monitor: z.string(), version: z.string() })
const notNow = { 409: 'It cannot be done now; `message` says why.' }
const notWell = { 503: 'It is not; `reasons` says why.' }

/** Every address of the HTTP interface but those of the page. */
export const operations = {
  'GET /healthz': {
    summary: 'Does the process do its work? Where not, restart it.',
    access: 'open',
    answer: shapes.verdict,
    otherwise: notWell,
  },
  'GET /readyz': {
    summary: 'Is the agent of use now?',
    access: 'open',
    answer: shapes.verdict,
    otherwise: notWell,
  },
  'GET /metrics': {
    summary: 'Metrics in the Prometheus text format.',
    access: 'read',
    media: 'text/plain; version=0.0.4; charset=utf-8',
  },
  'GET /api/session': {
    summary: 'Whether this browser is logged in, and whether reading needs it.',
    access: 'open',
    answer: shapes.session,
  },
  'POST /api/login': {
    summary: 'Logs a browser in with a token; it gets a cookie for twelve hours.',
    access: 'open',
    body: requests.login,
    answer: z.strictObject({ loggedIn: z.boolean() }),
  },
  'POST /api/logout': {
    summary: 'Logs a browser out: its session is over, whoever has the cookie.',
    access: 'open',
    answer: z.strictObject({ loggedIn: z.boolean() }),
  },
  'GET /api/sessions': {
    summary: 'Log-ins of browsers that are open, oldest first.',
    access: 'guarded',
    answer: z.array(shapes.openSession),
  },
  'POST /api/sessions/:session/end': {
    summary: 'Ends the log-in of a browser.',
    access: 'change',
    body: requests.session,
    answer: z.strictObject({ session: z.string() }),
  },
  'GET /api/state': {
    summary: 'All of the agent as it is now.',
    access: 'read',
    answer: shapes.agentState,
  },
  'GET /api/events': {
    summary: 'Server-sent events: `state` with what /api/state answers whenever it changed, `heartbeat` in between.',
    access: 'read',
    media: 'text/event-stream; charset=utf-8',
  },
  'GET /api/ledger': {
    summary: 'Where every sample and every result went.',
    access: 'read',
    answer: shapes.ledger,
  },
  'GET /api/trends': {
    summary: 'Health of the last windows of every asset and monitor.',
    access: 'read',
    answer: z.array(shapes.healthTrend),
  },
  'GET /api/history': {
    summary: 'Trends out of the journal, thinned to smallest and largest value per bucket.',
    access: 'read',
    query: queries.history,
    answer: shapes.history,
  },
  'GET /api/dead-letters': {
    summary: 'What could not be used or delivered, with the reason. The next page is `before` the last id.',
    access: 'guarded',
    query: queries.letters,
    answer: z.array(shapes.deadLetterView),
  },
  'GET /api/dead-letters/:letter': {
    summary: 'A dead letter with all of its payload that was kept.',
    access: 'guarded',
    answer: shapes.deadLetterView,
  },
  'POST /api/dead-letters/resend': {
    summary:
      'Sends dead letters again: those of a sink through the sink, those of a source through its mapping of today. Letters without a result were not begun: ask again.',
    access: 'change',
    body: requests.letters,
    answer: z.array(shapes.letterOutcome),
  },
  'POST /api/dead-letters/drop': {
    summary: 'Is done with dead letters: they are not found again.',
    access: 'change',
    body: requests.letters,
    answer: z.array(shapes.letterOutcome),
  },
  'GET /api/audit': {
    summary: 'What was done through page and API.',
    access: 'guarded',
    query: queries.limited,
    answer: z.array(shapes.auditEntry),
  },
  'GET /api/alarms/history': {
    summary: 'What became of alarms.',
    access: 'read',
    query: queries.alarms,
    answer: shapes.alarmHistory,
  },
  'GET /api/alarms.csv': {
    summary: 'What became of alarms, as CSV.',
    access: 'read',
    query: queries.alarms,
    media: 'text/csv; charset=utf-8',
  },
  'POST /api/alarms/:alarm/acknowledge': {
    summary: 'Records that an operator has seen the alarm.',
    access: 'change',
    body: requests.acknowledge,
    answer: done,
  },
  'POST /api/alarms/:alarm/shelve': {
    summary: 'Silences an alarm for a time.',
    access: 'change',
    body: requests.shelve,
    answer: done,
  },
  'POST /api/alarms/:alarm/unshelve': {
    summary: 'Ends the silence of an alarm.',
    access: 'change',
    body: requests.acknowledge,
    answer: done,
  },
  'GET /api/actions': {
    summary: 'Actions: how each stands, what is proposed, what was done.',
    access: 'read',
    answer: actionShapes.actionsView,
  },
  'POST /api/actions/decisions/:decision/approve': {
    summary: 'Approves what is proposed: it is carried out if its guards hold.',
    access: 'change',
    body: requests.order,
    answer: z.strictObject({ decision: z.string() }),
    otherwise: notNow,
  },
  'POST /api/actions/decisions/:decision/refuse': {
    summary: 'Refuses what is proposed.',
    access: 'change',
    body: requests.order,
    answer: z.strictObject({ decision: z.string() }),
    otherwise: notNow,
  },
  'POST /api/actions/stop': {
    summary: 'Stops all actions until somebody lifts it, over restarts too.',
    access: 'change',
    body: requests.order,
    answer: z.strictObject({ stopped: z.boolean() }),
    otherwise: notNow,
  },
  'POST /api/actions/resume': {
    summary: 'Lifts the stop of all actions.',
    access: 'change',
    body: requests.order,
    answer: z.strictObject({ stopped: z.boolean() }),
    otherwise: notNow,
  },
  'GET /api/models': {
    summary: 'The life of the model of every monitor and station.',
    access: 'read',
    answer: z.array(shapes.modelLife),
  },
  'POST /api/models/:monitor/retrain': {
    summary: 'Trains the model of a monitor or station now, whatever is due.',
    access: 'change',
    body: requests.model,
    answer: z.strictObject({ monitor: z.string() }),
    otherwise: notNow,
  },
  'POST /api/models/:monitor/cancel': {
    summary: 'Ends the training under way without a model.',
    access: 'change',
    body: requests.model,
    answer: z.strictObject({ monitor: z.string() }),
    otherwise: notNow,
  },
  'POST /api/models/:monitor/promote': {
    summary: 'Puts a version to work; the one before goes on beside it for a while.',
    access: 'change',
    body: requests.promote,
    answer: atWork,
    otherwise: notNow,
  },
  'POST /api/models/:monitor/rollback': {
    summary: 'Goes back to the model before the one at work.',
    access: 'change',
    body: requests.model,
    answer: atWork,
    otherwise: notNow,
  },
  'POST /api/labels': {
    summary:
      'Says what somebody knows: a false alarm, a fault, a failure, service, a measured value, what a part truly is. Models learn from it.',
    access: 'change',
    body: requests.label,
    answer: z.strictObject({
      alarm: z.string().optional(),
      asset: z.string().optional(),
      station: z.string().optional(),
      part: z.string().optional(),
      class: z.string().optional().describe('Kind verdict: the class that it was understood as.'),
      learns: z
        .boolean()
        .optional()
        .describe('Kind verdict: the image, or all values, are there for the next training.'),
    }),
  },
  'GET /api/certificates': {
    summary: 'Certificates of OPC UA servers, pending ones first.',
    access: 'read',
    answer: z.array(shapes.certificateView),
  },
  'POST /api/tags/retype': {
    summary: 'Gives a tag another type from now on; what is stored keeps the one it has.',
    access: 'change',
    body: requests.retype,
    answer: z.strictObject({ tag: z.string(), from: z.string(), to: z.string() }),
  },
  'POST /api/certificates/approve': {
    summary: 'Trusts a pending certificate; the connector connects at its next attempt.',
    access: 'change',
    body: requests.approve,
    answer: z.strictObject({ thumbprint: z.string() }),
  },
  'GET /api/inspections': {
    summary: 'The stations, each at a glance.',
    access: 'read',
    answer: z.array(inspections.stationGlance),
  },
  'GET /api/inspections/:station': {
    summary: 'A station: its state, counts, fail rate, corrections and newest verdicts.',
    access: 'read',
    query: queries.parts,
    answer: inspections.stationView,
  },
  'GET /api/inspections/:station/images/:id': {
    summary: 'The image of one of the newest verdicts, at most 800 pixels a side. It never changes.',
    access: 'guarded',
    media: 'image/jpeg',
  },
  'GET /api/inspections/:station/maps/:id': {
    summary: 'The anomaly map of one of the newest verdicts, to lay over its image: clear where nothing is the matter.',
    access: 'guarded',
    media: 'image/png',
  },
  'POST /api/inspections/:station/images': {
    summary: 'Judges an image: the file itself, or JSON with base64. Answers when the verdict is stored.',
    access: 'image',
    query: queries.image,
    answer: z.strictObject({ station: z.string(), part: z.string().optional() }),
  },
  'POST /api/plant/inject': {
    summary: 'The demo: makes a simulated machine fail.',
    access: 'change',
    body: requests.inject,
    answer: z.strictObject({ asset: z.string(), fault: z.string() }),
  },
  'POST /api/plant/repair': {
    summary: 'The demo: mends a simulated machine.',
    access: 'change',
    body: requests.repair,
    answer: z.strictObject({ asset: z.string() }),
  },
} as const satisfies Readonly<Record<string, Operation>>

export type OperationName = keyof typeof operations
type Part<Name extends OperationName, Key extends 'query' | 'body'> = (typeof operations)[Name] extends {
  readonly [K in Key]: infer Schema extends z.ZodType
}
  ? z.output<Schema>
  : undefined

/** What a handler gets: query and body as their schemas read them. */
export interface Input<Name extends OperationName> {
  readonly query: Part<Name, 'query'>
  readonly body: Part<Name, 'body'>
}
