import { z } from 'zod'
import { duration, heartbeatEvery, labelKinds, secret, secretFile } from '../../agent/core/index.ts'
import { matchProblem, templateProblem } from './match.ts'
import { pathProblem } from './path.ts'

/** `i=85`, `ns=2;s=Press.Force`, `nsu=http://vendor/plc;s=Press.Force`; identifiers: i numeric, s text, g GUID, b base64. */
const nodeExpression = /^(ns=\d{1,5};|nsu=[^;]+;)?(i=\d{1,10}|s=.+|g=[0-9a-fA-F-]{36}|b=[A-Za-z0-9+/=]+)$/

/** A node id as it is written in the configuration. */
export const nodeId = z
  .string()
  .regex(nodeExpression, { error: 'expected a node id such as ns=2;s=Press.Force or nsu=http://vendor/plc;i=1001' })

function complain(context: z.RefinementCtx, message: string | undefined): void {
  if (message !== undefined) context.addIssue({ code: 'custom', message })
}

const deadband = z
  .union([
    z.strictObject({ absolute: z.number().positive().describe('In the unit of the node.') }),
    z.strictObject({ percent: z.number().positive().max(100).describe("Of the node's EURange.") }),
  ])
  .describe('Smallest change that the server reports; numeric nodes only.')

/** A browse path as it is written in the configuration. */
const browsePath = z
  .string()
  .max(1_000)
  .superRefine((path, context) => complain(context, pathProblem(path)))

const match = z.string().min(1).max(500)

const browse = z
  .strictObject({
    below: z
      .union([nodeId, browsePath])
      .default('/Objects')
      .describe('Node id or path of the node below which is looked.'),
    match: match.describe(
      'Browse names from there down, without namespaces: `*` stands for anything within a level, `**` for any levels.',
    ),
    tag: z
      .string()
      .min(1)
      .describe('Name of each tag: `{1}` is what the first `*` or `**` stood for, `{2}` the second.'),
    most: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(20_000)
      .describe('Most nodes to look at; where there are more, the status says so.'),
  })
  .superRefine(({ match: pattern, tag }, context) => {
    complain(context, matchProblem(pattern) ?? templateProblem(tag, pattern))
  })

const tag = z
  .strictObject({
    node: nodeId
      .optional()
      .describe('Node id on the server, by namespace index (ns=2;s=...) or URI (nsu=http://...;s=...).'),
    path: browsePath
      .optional()
      .describe(
        'Browse path instead of a node id, from Root: `/Objects/2:Line3/2:Pump7/2:Flow`, or by URI: `/Objects/nsu=http://vendor/plc;Line3`. It is looked up with each session. `&` before `/`, `:` or `&` takes it as part of a name.',
      ),
    browse: browse
      .optional()
      .describe('All variables whose names fit a pattern, instead of one node; looked for with each session.'),
    tag: z.string().min(1).optional().describe('Name of the tag, `line3/press/force`; with `browse` it stands there.'),
    unit: z.string().optional().describe('Unit of the values.'),
    low: z.number().optional().describe('Low end of the plausible range, for operators such as `clamp`.'),
    high: z.number().optional().describe('High end of the plausible range.'),
    type: z
      .enum(['number', 'integer', 'boolean', 'text'])
      .optional()
      .describe("What the values are; found from the node otherwise. `text` turns an enum's numbers into its names."),
    rate: z
      .number()
      .positive()
      .optional()
      .describe(
        'Samples per second: an array is then a waveform, one sample per element, the last at the source time.',
      ),
    sampling: duration
      .optional()
      .describe("How often the server samples this node, instead of the connector's setting."),
    queue: z.int().min(1).optional().describe("Values the server keeps per node, instead of the connector's setting."),
    report: z
      .enum(['changes', 'updates'])
      .optional()
      .describe('`changes`, the default: values that differ. `updates`: the same value with a new time as well.'),
    deadband: deadband.optional(),
  })
  .superRefine(({ node, path, browse: found, tag: name }, context) => {
    if ([node, path, found].filter((way) => way !== undefined).length !== 1)
      complain(context, 'needs one of node, path and browse')
    if ((name === undefined) !== (found !== undefined))
      complain(context, found ? 'with browse the name of the tag is browse.tag' : 'needs the name of its tag')
  })

const label = z
  .strictObject({
    name: match.default('**').describe('Names of alarms, or kinds of events, that it is for; `*` for any text.'),
    message: match.default('**').describe('Messages that it is for, likewise.'),
    severity: z.int().min(0).max(1_000).default(0).describe('Lowest severity that it is for.'),
    label: z
      .enum(['fault', 'failure', 'maintenance'])
      .describe(
        `What models learn from it. \`fault\`: ${labelKinds.fault} It is the time for which the alarm is active. \`failure\`: ${labelKinds.failure} \`maintenance\`: ${labelKinds.maintenance}`,
      ),
    class: z.string().trim().min(1).max(100).optional().describe('Name of the fault.'),
  })
  .superRefine(({ label: kind, class: name }, context) => {
    if ((kind === 'fault') !== (name !== undefined))
      complain(context, kind === 'fault' ? 'a fault needs its class' : 'only a fault has a class')
  })

const event = z
  .strictObject({
    node: nodeId.default('i=2253').describe('Node whose events are taken; the server itself has all of them.'),
    origin: match.default('**').describe('Names of sources whose events are taken; `*` stands for any text.'),
    asset: z
      .string()
      .min(1)
      .default('{origin}')
      .describe(
        'Name of the asset: `{origin}` is the name of the source, `{1}` what the first `*` of `origin` stood for.',
      ),
    severity: z
      .int()
      .min(0)
      .max(1_000)
      .default(0)
      .describe('Lowest severity that is taken; an alarm is, until it ends.'),
    labels: z.array(label).default([]).describe('Events that are labels as well: of them the first that fits counts.'),
  })
  .superRefine(({ origin, asset }, context) => {
    complain(context, templateProblem(asset.replaceAll('{origin}', 'x'), origin))
  })

const mode = z.enum(['sign', 'sign-and-encrypt'])
const policy = z.enum(['Basic256Sha256', 'Aes128_Sha256_RsaOaep', 'Aes256_Sha256_RsaPss'])

const security = z.union([
  z.literal('none'),
  z.strictObject({
    mode: mode.default('sign-and-encrypt').describe('Weakest mode that is accepted.'),
    policy: policy.optional().describe('Only this policy; otherwise the strongest that the server offers.'),
  }),
])

const identity = z.union([
  z.literal('anonymous'),
  z
    .strictObject({
      user: z.string().min(1).describe('User name.'),
      password: secret.optional().describe('Password.'),
      password_file: secretFile.optional().describe('File that holds the password.'),
    })
    .refine((user) => !user.password !== !user.password_file, { error: 'needs either password or password_file' }),
  z.strictObject({
    certificate_file: z.string().min(1).describe('PEM or DER file of the user certificate.'),
    key_file: secretFile.describe('PEM file of its private key.'),
  }),
])

const pauses = (first: string, longest: string) =>
  z
    .strictObject({
      first: duration.prefault(first).describe('The first pause.'),
      longest: duration.prefault(longest).describe('The longest: each pause is twice the one before.'),
    })
    .prefault({})

/** Settings of the `opcua` source. */
export const settings = z.strictObject({
  endpoint: z
    .string()
    .regex(/^opc\.tcp:\/\/[^\s/]+/, { error: 'expected an address such as opc.tcp://10.0.0.5:4840' })
    .describe('Address of the server.'),
  security: security
    .prefault({})
    .describe('What the connection must have. `none` only where said so: the agent never downgrades by itself.'),
  identity: identity.default('anonymous').describe('Who the agent is: `anonymous`, a user, or a user certificate.'),
  trust: z
    .enum(['pending', 'any'])
    .default('pending')
    .describe(
      '`pending`: an unknown server certificate waits for `millwright trust approve`. `any`: for tests and demos.',
    ),
  pki: z.string().optional().describe("Folder of certificates; the connector's own folder otherwise."),
  tags: z.array(tag).min(1).describe('The nodes to read and the tags they become.'),
  events: z
    .array(event)
    .default([])
    .describe(
      'Events and alarms of the server as events of assets; of the entries for a node the first that fits counts.',
    ),
  lookup: duration
    .prefault('10m')
    .describe('How often names are looked up again where the server does not say that its nodes have changed.'),
  sampling: duration.prefault('1s').describe('How often the server samples a node. `0ms`: each change, if it can.'),
  publishing: duration.prefault('1s').describe('How often the server sends what changed.'),
  queue: z.int().min(1).default(10).describe('Values the server keeps per node between two publications.'),
  keepalive: duration.prefault('10s').describe('After this silence the server says that it is alive.'),
  watchdog: z
    .number()
    .min(1.5)
    .default(3)
    .describe('After this many keep-alives missed in a row the client is rebuilt.'),
  heartbeat: z
    .strictObject({
      node: nodeId.describe('A Boolean, which is toggled, or a number, which counts from 0 to 99 and begins again.'),
      every: heartbeatEvery,
    })
    .optional()
    .describe('A node that is written, over a session of its own, as long as pipeline and actions make progress: a PLC can tell by it that the agent is gone. Absent: none is.'), // prettier-ignore
  lifetime: duration.prefault('5m').describe('How long the server keeps a subscription while the agent is away.'),
  timeout: duration.prefault('10s').describe('Longest wait for an answer.'),
  items_per_subscription: z
    .int()
    .min(1)
    .default(1_000)
    .describe('Nodes per subscription; fewer where the server says so.'),
  items_per_call: z.int().min(1).default(200).describe('Nodes per request; fewer where the server says so.'),
  elements: z
    .int()
    .min(1)
    .default(64)
    .describe('Longest array without a rate: each element becomes the tag `name/index`.'),
  reconnect: pauses('1s', '60s').describe('Pauses between attempts to connect; up to half of each is left to chance.'),
  retry: pauses('30s', '10m').describe('Pauses before a node that the server refused is asked for again.'),
  backfill: z
    .boolean()
    .default(false)
    .describe('Whether values missed during an outage are read from the history of the server.'),
})

export type Settings = z.output<typeof settings>

/** Settings of a session that reads long values, such as images. */
export interface SessionSettings extends Settings {
  /** Most values in a notification, and bytes of the longest message; absent: what server and library do by themselves. */
  readonly bounds?: { readonly values: number; readonly bytes: number }
}

export type TagSettings = Settings['tags'][number]

/** A tag of `browse`. */
export type BrowseSettings = NonNullable<TagSettings['browse']>

/** An entry of `events`. */
export type EventSettings = Settings['events'][number]
