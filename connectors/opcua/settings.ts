import { z } from 'zod'
import { duration, secret, secretFile } from '../../agent/core/index.ts'

/** `i=85`, `ns=2;s=Press.Force`, `nsu=http://vendor/plc;s=Press.Force`; identifiers: i numeric, s text, g GUID, b base64. */
const nodeExpression = /^(ns=\d{1,5};|nsu=[^;]+;)?(i=\d{1,10}|s=.+|g=[0-9a-fA-F-]{36}|b=[A-Za-z0-9+/=]+)$/

/** A node id as it is written in the configuration. */
export const nodeId = z
  .string()
  .regex(nodeExpression, { error: 'expected a node id such as ns=2;s=Press.Force or nsu=http://vendor/plc;i=1001' })

const deadband = z
  .union([
    z.strictObject({ absolute: z.number().positive().describe('In the unit of the node.') }),
    z.strictObject({ percent: z.number().positive().max(100).describe("Of the node's EURange.") }),
  ])
  .describe('Smallest change that the server reports; numeric nodes only.')

const tag = z.strictObject({
  node: nodeId.describe('Node id on the server, by namespace index (ns=2;s=...) or URI (nsu=http://...;s=...).'),
  tag: z.string().min(1).describe('Name of the tag, `line3/press/force`.'),
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
    .describe('Samples per second: an array is then a waveform, one sample per element, the last at the source time.'),
  sampling: duration.optional().describe("How often the server samples this node, instead of the connector's setting."),
  queue: z.int().min(1).optional().describe("Values the server keeps per node, instead of the connector's setting."),
  report: z
    .enum(['changes', 'updates'])
    .optional()
    .describe('`changes`, the default: values that differ. `updates`: the same value with a new time as well.'),
  deadband: deadband.optional(),
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
  sampling: duration.prefault('1s').describe('How often the server samples a node. `0ms`: each change, if it can.'),
  publishing: duration.prefault('1s').describe('How often the server sends what changed.'),
  queue: z.int().min(1).default(10).describe('Values the server keeps per node between two publications.'),
  keepalive: duration.prefault('10s').describe('After this silence the server says that it is alive.'),
  watchdog: z
    .number()
    .min(1.5)
    .default(3)
    .describe('After this many keep-alives missed in a row the client is rebuilt.'),
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
