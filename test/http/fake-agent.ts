import { Subject } from 'rxjs'
import { DecisionError, DetectorError, type Logger } from '../../agent/core/index.ts'
import { createHttp, type HttpOptions } from '../../agent/http/index.ts'
import type {
  ActionsView,
  AgentState,
  AgentView,
  AlarmChange,
  AuditEntry,
  HistoryRequest,
  Ledger,
  PictureAnswer,
  StationView,
} from '../../agent/view/index.ts'

export const token = 'a-token-of-more-than-thirty-two-characters'
export const alarm = 'pump-health/line1/pump2/1764000000000'

/** A logger that keeps what it was told. */
export function memoryLog(): Logger & { readonly lines: string[] } {
  const lines: string[] = []
  const keep = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`)
  return { lines, debug: keep, info: keep, warn: keep, error: keep }
}

export const state: AgentState = {
  time: 1_764_000_060_000,
  site: 'test-site',
  version: '1.2.3',
  demo: false,
  started: 1_764_000_000_000,
  ready: { ok: true, reasons: [] },
  throughput: { samplesPerSecond: 120, predictionsPerSecond: 0.5, lag: 0 },
  connections: [{ name: 'plc', type: 'opcua', direction: 'source', status: { state: 'up', message: 'connected' } }],
  assets: [],
  alarms: [],
  journal: {
    samples: { rows: 10, bytes: 100, corrupt: 0 },
    results: { rows: 1, bytes: 10, corrupt: 0 },
    dead: { rows: 0, bytes: 0, corrupt: 0 },
  },
}

const ledger: Ledger = {
  time: 1_764_000_060_000,
  sources: [{ name: 'plc', received: 12, stored: 10, rejected: { type: 2 }, inFlight: 0, difference: 0 }],
  sinks: [
    {
      name: 'history',
      stored: 10,
      delivered: 7,
      overwritten: 0,
      deadLettered: 1,
      waiting: 2,
      givenUp: 0,
      difference: 0,
    },
  ],
}

const none = { pass: 0, fail: 0, operator: 0, incomplete: 0, unusable: 0 }

const stationView: StationView = {
  station: 'weld',
  images: true,
  source: { state: 'up', message: 'subscribed' },
  model: { version: 'a1b2', method: 'patches', concludes: 'score', created: 1, images: 100 },
  learns: true,
  classes: ['good', 'defect'],
  passes: ['good'],
  limits: { torque: { min: 7 } },
  counts: { received: 2, judged: 2, dropped: 0, unusable: 0, repeated: 0, waiting: 0 },
  last: { ...none, pass: 1, fail: 1 },
  hour: { ...none, pass: 1, fail: 1 },
  confusion: [{ verdict: 'fail', class: 'good', parts: 1 }],
  newest: [],
}

/** Pictures by id. */
const pictures = new Map<string, PictureAnswer>([
  ['id-1', Buffer.from('a picture')],
  ['id-2', 'busy'],
])

/** An agent that says what the test wants and records what was asked of it. */
const letter = { id: 7, time: 1, origin: 'a', reason: 'empty', detail: 'x', subject: 's', rows: 1, payload: '', size: 0, whole: true } // prettier-ignore

export class FakeAgent implements AgentView {
  readonly site = 'test-site'
  readonly version = '1.2.3'
  demo = false
  healthy = true
  prepared = true
  current: AgentState = state
  readonly changes = new Subject<unknown>()
  readonly calls: unknown[][] = []
  failure: Error | undefined
  plant: AgentView['plant']

  health = () => ({ ok: this.healthy, reasons: this.healthy ? [] : ['the pipeline stands still'] })
  ready = () => ({ ok: this.prepared, reasons: this.prepared ? ['history: down'] : ['the journal is not open'] })
  state = () => this.current
  ledger = () => ledger
  deadLetters = ({ limit }: { limit: number }) => (this.calls.push(['deadLetters', limit]), Promise.resolve([]))
  deadLetter = (id: number) => Promise.resolve(id === 7 ? letter : undefined)
  settleLetters = (action: string, letters: readonly number[], { by }: { by: string }) => (
    this.calls.push(['settleLetters', action, letters, by]),
    Promise.resolve([])
  )
  alarmChanges: AlarmChange[] = []
  readonly notes: Omit<AuditEntry, 'time'>[] = []
  history = (request: HistoryRequest) => {
    this.calls.push(['history', request])
    if (request.asset !== 'line1/pump2') return Promise.resolve('unknown' as const)
    const { from } = request
    return Promise.resolve({ from, step: 1, count: 1, share: 1, first: null, tags: [], scores: [], marks: [] })
  }
  alarmHistory = (limit: number) => Promise.resolve({ changes: this.alarmChanges.slice(0, limit), reaches: null })
  audit = () => Promise.resolve(this.notes.map((note) => ({ time: 1, ...note })))
  trends = () => [{ monitor: 'pump-health', asset: 'line1/pump2', health: [1, null, 0.4] }]
  models = () => Promise.resolve([])
  certificates = () => Promise.resolve([])
  approve = (connector: string) => Promise.resolve(connector === 'plc' ? ('recorded' as const) : ('unknown' as const))
  retype = (tag: string) => Promise.resolve(tag === 'line1/pump2/mode' ? ('text' as const) : ('unknown' as const))
  note = (entry: Omit<AuditEntry, 'time'>) => (this.notes.push(entry), Promise.resolve())
  metricsText = () => Promise.resolve('millwright_windows_total 3\n')
  acknowledge = (request: { alarm: string }) => this.#answer('acknowledge', request)
  shelve = (request: { alarm: string }) => this.#answer('shelve', request)
  falseAlarm = (request: { alarm: string }) => this.#answer('falseAlarm', request)
  label = (request: { asset: string }) => (
    this.calls.push(['label', request]),
    Promise.resolve(request.asset === 'line1/pump2' ? ('recorded' as const) : ('unknown' as const))
  )
  correct = (request: { station: string; class: string }) => (
    this.calls.push(['correct', request]),
    Promise.resolve(
      request.station === 'weld'
        ? ({ answer: 'recorded', class: request.class, learns: true } as const)
        : ({ answer: 'unknown', why: `there is no station ${request.station}` } as const),
    )
  )
  readonly modelRequests = {
    promote: (monitor: string, version: string) => (this.#known(monitor), Promise.resolve(version)),
    rollback: (monitor: string) => (this.#known(monitor), Promise.resolve('0001-aaaaaaaa')),
    retrain: (monitor: string) => this.#known(monitor),
    cancel: (monitor: string) => this.#known(monitor),
  }
  actionsNow: ActionsView = { stopped: null, actions: [], open: [], ended: [] }
  readonly actions = {
    view: () => this.actionsNow,
    answer: (order: string, id: string, { by }: { by: string }, role: string) => (
      this.calls.push([order, id, by, role]),
      id === 'over' ? Promise.reject(new DecisionError('ACTION_REFUSED', 'over expired at noon')) : Promise.resolve()
    ),
    stop: ({ by }: { by: string }) => (this.calls.push(['stop', by]), Promise.resolve()),
    resume: ({ by }: { by: string }) => (this.calls.push(['resume', by]), Promise.resolve()),
  }
  unshelve = (request: { alarm: string }) => this.#answer('unshelve', request)

  camera = {
    largest: (station: string) => (station === 'weld' ? 100_000 : undefined),
    post: (station: string, image: Uint8Array, part: string | undefined) =>
      Promise.resolve(void this.calls.push(['image', station, image.length, part])),
  }

  inspection = {
    stations: () => [{ station: 'weld', ready: true, judged: 2, parts: 2, fails: 1, newest: 1_000, revision: 3 }],
    station: (name: string, limit: number, only?: string) => (
      this.calls.push(['station', name, limit, only]),
      name === 'weld' ? stationView : undefined
    ),
    image: (station: string, id: string) => (
      this.calls.push(['picture', station, id]),
      Promise.resolve(pictures.get(id) ?? 'unknown')
    ),
    map: (station: string, id: string) => (
      this.calls.push(['map', station, id]),
      Promise.resolve(pictures.get(id) ?? 'unknown')
    ),
  }

  attachPlant(): void {
    this.plant = {
      inject: (asset, fault) => (this.calls.push(['inject', asset, fault]), asset === 'line1/pump2'),
      repair: (asset) => (this.calls.push(['repair', asset]), asset === 'line1/pump2'),
    }
  }

  #known(monitor: string): void {
    if (monitor !== 'pump-health') throw new DetectorError('MODEL_MISSING', `there is no monitor ${monitor}`)
  }

  #answer(name: string, request: { alarm: string }): Promise<'recorded' | 'unknown'> {
    this.calls.push([name, request])
    if (this.failure) return Promise.reject(this.failure)
    return Promise.resolve(request.alarm === alarm ? 'recorded' : 'unknown')
  }
}

/** The HTTP interface of a fake agent; `ask` sends a request as the program of that name would. */
export function setUp(options: Partial<HttpOptions> = {}) {
  const agent = new FakeAgent()
  const log = memoryLog()
  const http = createHttp({ view: agent, token, log, ...options })
  const ask = (path: string, init: RequestInit & { duplex?: 'half' } = {}, remoteAddress = '127.0.0.1') =>
    http.app.request(
      path,
      { ...init, headers: { host: 'localhost:8080', ...(init.headers as Record<string, string>) } },
      { incoming: { socket: { remoteAddress } } },
    ) as Promise<Response>
  const post = (path: string, content: unknown, headers: Record<string, string> = {}) =>
    ask(path, {
      method: 'POST',
      body: typeof content === 'string' ? content : JSON.stringify(content),
      headers: { 'content-type': 'application/json', ...headers },
    })
  return { agent, log, http, ask, post }
}

export const bearer = { authorization: `Bearer ${token}` }

export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string; readonly remedy: string }
}
export const errorOf = async (response: Response) => ((await response.json()) as ErrorBody).error
