import { isIP } from 'node:net'
import { z } from 'zod'
import {
  natures,
  statedNatures,
  type ConfigProblem,
  type ConnectorDefinition,
  type OperatorDefinition,
  assetPattern,
  byteSize,
  duration,
  publicKey,
  roleNames,
  valuesModel,
} from '../agent/core/index.ts'
import { byKey, byType } from './choice.ts'
import { schedule } from './schedule.ts'

/** What the rooms contribute to the configuration: each keeps its schema beside its code. */
export interface Components<
  Journal extends z.ZodType,
  Model extends z.ZodType,
  Station extends z.ZodType,
  Window extends z.ZodRawShape,
  Features extends z.ZodRawShape,
  Aggregate extends z.ZodType,
> {
  readonly connectors: readonly ConnectorDefinition[]
  readonly operators: readonly OperatorDefinition[]
  readonly journal: Journal
  readonly model: Model
  /** A station of quality inspection. */
  readonly station: Station
  /** What is written of windows beside the samples. */
  readonly aggregate: Aggregate
  /** The keys of a monitor that describe its windows. */
  readonly window: Window
  /** The keys of a monitor that describe its features. */
  readonly features: Features
  /** What is wrong between the keys of a monitor's window, each being right by itself. */
  windowProblems?(monitor: z.output<z.ZodObject<Window>>): readonly ConfigProblem[]
}

export const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, { error: 'use at most 64 letters, digits, "-", "_" and "." in names' })

/** `3 windows` or `30s`: how long something must last. */
export const span = z
  .string({ error: 'expected "3 windows" or a duration such as 30s' })
  .transform((text, context): { windows: number } | { ms: number } => {
    const windows = /^\s*(\d+)\s*windows?\s*$/.exec(text)
    if (windows && Number(windows[1]) > 0) return { windows: Number(windows[1]) }
    const time = duration.safeParse(text)
    if (time.success) return { ms: time.data }
    context.addIssue({ code: 'custom', message: `expected "3 windows" or a duration such as 30s, not "${text}"` })
    return z.NEVER
  })

export const alarmConfig = z.strictObject({
  dwell: span
    .prefault('3 windows')
    .describe('How long the score must stay over the threshold before the alarm is raised.'),
  clear: span.prefault('3 windows').describe('How long it must stay under before the alarm clears.'),
  hysteresis: z
    .number()
    .min(0)
    .max(0.9)
    .default(0.1)
    .describe(
      'Clears only when the score is under the threshold by this share of it; between the two nothing changes.',
    ),
})

export const learnConfig = z.strictObject({
  after: duration.prefault('2h').describe('Event time of good windows to collect before the first training.'),
  retrain: schedule
    .prefault('weekly')
    .describe(
      'When it trains again: never, hourly, daily, weekly, monthly, or a cron pattern in UTC such as 0 3 * * 1.',
    ),
  history: duration.prefault('30d').describe('How far back in time a training reads the journal.'),
  drift: z
    .boolean()
    .default(true)
    .describe('Train again when scores, residuals or features have drifted from what the model learned.'),
  at_most: duration.prefault('6h').describe('Least event time between two trainings.'),
  shadow: span
    .optional()
    .describe(
      'How long a new model scores beside the one at work before the two are compared: 500 windows, or event time. Where absent: an hour and at least 50 windows; kinds that are compared by labels, until three times as many came as are needed, but no longer than a quarter of the time between two trainings where those needed have come.',
    ),
  watch: span
    .optional()
    .describe(
      'How long the model before goes on beside one that was put to work, and comes back if that alarms far more often. Where absent: 200 windows, but no longer than a quarter of the time between two trainings once there are 30. Trainings do not wait for its end.',
    ),
  wait_for_labels: duration
    .prefault('14d')
    .describe('Kinds that are compared by labels: event time after which a new model is refused for want of them.'),
  margin: z
    .number()
    .min(0)
    .max(1)
    .default(0.01)
    .describe('By how much a new model must be better: in merit, 0 to 1, or as a share of the mean deviation.'),
  budget: duration.prefault('10m').describe('Wall time after which a training tries no further candidate.'),
  memory: byteSize.prefault('1GB').describe('Heap that the training process may use.'),
})

const assetClass = z.strictObject({
  tags: z
    .string()
    .superRefine((pattern, context) => {
      try {
        assetPattern(pattern)
      } catch (error) {
        context.addIssue({ code: 'custom', message: (error as Error).message })
      }
    })
    .describe(
      'Pattern over tag names, such as {line}/pump{n}/{role}. {role} names the signal, the rest names the asset.',
    ),
  watch: z
    .boolean()
    .default(true)
    .describe('Raises an alarm signal.ROLE where a signal is lost, bad, stuck or out of range for long.'),
  signals: z
    .record(z.string().min(1), z.enum(statedNatures))
    .default({})
    .describe(
      `What kind of signal a role is, or all that a pattern such as temp* fits, where the values must not decide: ${statedNatures.map((nature) => `\`${nature}\`: ${natures[nature]}`).join(' ')}`,
    ),
})

export const logConfig = z.strictObject({
  level: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('Least severe level that is logged.'),
})

/** An address or a network, `10.0.0.0/24`. */
const network = z.string().refine(
  (text) => {
    const [address, bits, ...more] = text.split('/') as [string, string?, ...string[]]
    const most = isIP(address) === 4 ? 32 : 128
    return (
      isIP(address) > 0 && more.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most))
    )
  },
  { error: 'expected an address or a network, such as 10.0.0.4 or 10.0.0.0/24' },
)
const headerName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_|~-]+$/, { error: 'expected the name of a header, such as x-forwarded-user' })
  .transform((text) => text.toLowerCase())
const role = z.enum(roleNames)

const proxyConfig = z.strictObject({
  trust: z
    .array(network)
    .min(1)
    .describe(
      'Addresses and networks that the proxy asks from. Whoever asks from elsewhere with its headers is refused.',
    ),
  user_header: headerName.describe('Header with the name of who is logged in, such as x-forwarded-user.'),
  role_header: headerName.optional().describe('Header with the role itself.'),
  groups: z
    .strictObject({
      header: headerName.describe('Header with groups, separated by commas, such as x-forwarded-groups.'),
      roles: z.record(z.string(), role).describe('What members of a group may do; the highest counts.'),
    })
    .optional()
    .describe('Groups that stand for roles.'),
  role: role.optional().describe('Role of users to whom the headers give none; absent: they are refused.'),
})

export const httpConfig = z.strictObject({
  enabled: z.boolean().default(true).describe('Serve the page, health, metrics and API.'),
  host: z.string().default('127.0.0.1').describe('Address to listen on; 0.0.0.0 for every interface.'),
  port: z.coerce.number().int().min(0).max(65535).default(8080).describe('TCP port; 0 picks a free one.'),
  names: z
    .array(
      z
        .string()
        .regex(/^[A-Za-z0-9_.-]+$/, { error: 'expected a name such as gateway.plant, without http:// and port' }),
    )
    .default([])
    .describe(
      'Names under which the agent is reached, such as that of a reverse proxy or of a container. It answers to addresses, `localhost` and the name of its machine without being told, and to no other.',
    ),
  read: z
    .enum(['open', 'token'])
    .default('open')
    .describe(
      'Who may read: everybody who reaches the port, or whoever has the token. Changes, images, dead letters and the audit always need it.',
    ),
  tls: z
    .strictObject({
      certificate: z.string().min(1).describe('PEM file of the certificate, with those of its chain behind it.'),
      key: z.string().min(1).describe('PEM file of its key.'),
    })
    .optional()
    .describe('HTTPS by the agent itself, TLS 1.2 or newer. Changed files are taken without a restart.'),
  proxy: proxyConfig
    .optional()
    .describe('A reverse proxy that logs people in, by OIDC for one, and says in headers who asks.'),
})

/** The whole configuration, made of the agent's own keys and what the rooms contribute. */
export function configSchema<
  Journal extends z.ZodType,
  Model extends z.ZodType,
  Station extends z.ZodType,
  Window extends z.ZodRawShape,
  Features extends z.ZodRawShape,
  Aggregate extends z.ZodType,
>(components: Components<Journal, Model, Station, Window, Features, Aggregate>) {
  const clean = z.array(byKey(components.operators, 'operator')).default([])
  const monitor = z.strictObject({
    assets: name.describe('The class of assets it watches, a key of `assets`.'),
    clean: clean.describe('Operators for this monitor only, after the common ones.'),
    ...components.window,
    ...components.features,
    min_coverage: z.number().min(0).max(1).default(0.5).describe('Below this coverage a window gives no opinion.'),
    model: components.model,
    learn: learnConfig.prefault({}).describe('When it learns.'),
    alarm: alarmConfig.prefault({}).describe('When a score becomes an alarm.'),
  })
  const consistent = monitor.superRefine((settings, context) => {
    const problems = components.windowProblems?.(settings as z.output<z.ZodObject<Window>>) ?? []
    for (const { path, message } of problems) context.addIssue({ code: 'custom', path: path.split('.'), message })
  })
  return z.strictObject({
    site: name.default('plant').describe('Name of the plant; part of topics and series.'),
    data: z.string().default('data').describe('Folder of journal, models and keys.'),
    log: logConfig.prefault({}).describe('Logging.'),
    http: httpConfig.prefault({}).describe('The page and the API.'),
    models: z
      .strictObject({
        trust: z
          .array(publicKey)
          .default([])
          .describe(
            'Public keys of whoever may sign models, Ed25519. Where there is one, every other model is refused but those that the agent has made itself since.',
          ),
      })
      .prefault({})
      .describe('Models from elsewhere.'),
    journal: components.journal,
    connectors: z.record(name, byType(components.connectors, 'connector')).default({}).describe('Sources and sinks.'),
    clean: clean.describe('Operators for every tag, in this order.'),
    assets: z.record(name, assetClass).default({}).describe('Classes of machines, found by tag name.'),
    aggregates: z
      .record(name, components.aggregate)
      .default({})
      .describe(
        'Means and other features of windows that sinks get beside the samples, each under a name such as 10s.',
      ),
    inspections: z.record(name, components.station).default({}).describe('Stations that judge parts by their images.'),
    monitors: z.record(name, consistent).default({}).describe('Analyses, each for a class of assets.'),
  })
}

/** Stations, the models of their values and monitors share the registry of models, commands and topics: no two may have one name. */
export function sharedNames(raw: unknown): z.core.$ZodIssue[] {
  const monitors = keysOf(raw, 'monitors')
  const stations = keysOf(raw, 'inspections')
  const problem = (path: string[], message: string): z.core.$ZodIssue => ({ code: 'custom', path, message, input: path[1], params: { about: 'key' } }) // prettier-ignore
  const values = stations.map(valuesModel)
  return [
    ...stations
      .filter((name) => monitors.includes(name))
      .map((name) => problem(['inspections', name], `a monitor is called "${name}" as well; give the station another name`)), // prettier-ignore
    ...[...monitors.map((name) => ['monitors', name]), ...stations.map((name) => ['inspections', name])]
      .filter(([, name]) => values.includes(name))
      .map((path) => problem(path, `the model of the values of a station is called "${path[1]}"; take another name`)),
  ]
}

/** References within the file that lead nowhere; found even where the schema finds other problems. */
export function danglingReferences(raw: unknown): z.core.$ZodIssue[] {
  const known = keysOf(raw, 'assets')
  return ['monitors', 'aggregates'].flatMap((part) =>
    keysOf(raw, part).flatMap((key): z.core.$ZodIssue[] => {
      const name = ((raw as Record<string, Record<string, { assets?: unknown } | null>>)[part][key] ?? {}).assets
      if (typeof name !== 'string' || known.includes(name)) return []
      const help = known.length > 0 ? `known: ${known.join(', ')}` : 'define it under "assets"'
      const message = `no such class of assets "${name}"; ${help}`
      return [{ code: 'custom', path: [part, key, 'assets'], message, input: name }]
    }),
  )
}

function keysOf(raw: unknown, key: string): string[] {
  const value = typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>)[key] : undefined
  return typeof value === 'object' && value !== null ? Object.keys(value) : []
}
