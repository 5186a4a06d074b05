import { z } from 'zod'
import { qos } from '../../connectors/mqtt/broker-settings.ts'
import { nodeId } from '../../connectors/opcua/settings.ts'
import { duration, roleNames, secret, secretFile, timezone } from '../core/index.ts'
import { problemsOf, type Wanted } from '../expressions/index.ts'

/** `params.piece` of an issue: the text in the file that is meant. */
export const expressionOf = (wanted: Wanted) =>
  z.string().superRefine((text, context) => {
    for (const { message, start, end } of problemsOf(text, wanted)) {
      const piece = text.slice(start, end)
      const shown = piece.length < text.length ? ` in \`${piece.slice(0, 80)}\`` : ''
      context.addIssue({ code: 'custom', message: `${message}${shown}`, params: { piece } })
    }
  })

const condition = expressionOf('bool')
const value = z
  .union([z.boolean(), z.number(), expressionOf('value')])
  .describe('A number, true, false, or an expression; a text is an expression in quotes of its own: `\'"slow"\'`.')
const target = (what: string) =>
  `${what} \`{asset}\` stands for the name of the asset, \`{1}\`, \`{2}\` for its levels: of line1/pump2, line1 and pump2.`
/** A node id once its places are filled in. */
const node = z.string().refine((text) => nodeId.safeParse(text.replace(/\{(asset|\d)\}/g, 'x')).success, {
  error: 'expected a node id such as ns=2;s={asset}.SpeedSet or nsu=http://vendor/plc;i=1001',
})
const connector = (type: string) => z.string().min(1).describe(`The ${type} connector, a key of \`connectors\`.`)

const effects = {
  write: z.strictObject({
    connector: connector('opcua'),
    node: node.describe(target('The node that is written, over a session of its own.')),
    value,
    read_back: node.optional().describe('The node that it is read back from. Absent: the one that was written.'),
  }),
  call: z.strictObject({
    connector: connector('opcua'),
    object: node.describe(target('The object that has the method.')),
    method: node.describe(target('The method.')),
    arguments: z.array(value).max(10).default([]).describe('Its arguments, converted to the types that it declares.'),
  }),
  publish: z.strictObject({
    connector: connector('mqtt'),
    topic: z
      .string()
      .regex(/^[^+#\0]+$/, { error: 'must not contain + or #' })
      .describe(target('The topic.')),
    value: value.optional(),
    payload: z
      .string()
      .max(10_000)
      .optional()
      .describe('What is published: `{value}`, `{asset}`, `{action}`, `{time}` and `{id}` are filled in. Absent: JSON of them.'), // prettier-ignore
    qos: qos.default(1).describe('Quality of service; with 0 nobody knows whether it came.'),
    retain: z.boolean().default(false).describe('Whether the broker keeps it for later subscribers.'),
  }),
  post: z.strictObject({
    url: z.url({ protocol: /^https?$/ }).describe('Where JSON is posted to, with the id of the decision as Idempotency-Key.'), // prettier-ignore
    value: value.optional(),
    secret: secret.optional().describe('Signs what is posted: header X-Millwright-Signature, sha256=HMAC of time, "." and body.'), // prettier-ignore
    secret_file: secretFile.optional(),
    timeout: duration.prefault('10s').describe('Longest wait for an answer.'),
    retry_for: duration.prefault('1d').describe('How long it is tried again where the far side does not answer.'),
  }),
  set: z.strictObject({
    state: z.string().regex(/^[\w-]{1,60}$/, { error: 'use letters, digits, "-" and "_"' }).describe('The named state, of the asset.'), // prettier-ignore
    value: z.string().max(200).describe('Its text from then on; other actions read it as state("NAME").'),
  }),
}
export type EffectName = keyof typeof effects

const effect = z
  .strictObject({
    write: effects.write.optional().describe('Writes a node over OPC UA and reads it back.'),
    call: effects.call.optional().describe('Calls a method over OPC UA.'),
    publish: effects.publish.optional().describe('Publishes over MQTT.'),
    post: effects.post.optional().describe('Posts to a webhook; tried again until it is taken.'),
    set: effects.set.optional().describe('Sets a named state.'),
  })
  .refine((chosen) => Object.keys(chosen).length === 1, {
    error: `give one of ${Object.keys(effects).join(', ')}`,
  })

const rate = z
  .string({ error: 'expected "1 per 10m"' })
  .transform((text, context): { readonly count: number; readonly per: number } => {
    const found = /^\s*(\d{1,6})\s+per\s+(\S+)\s*$/.exec(text)
    const per = duration.safeParse(found?.[2] ?? '')
    const count = Number(found?.[1])
    if (per.success && count > 0 && per.data > 0) return { count, per: per.data }
    context.addIssue({ code: 'custom', message: `expected "1 per 10m", not "${text}"` })
    return z.NEVER
  })

/** When an action goes to its safe value. */
export const safeOccasions = ['stop', 'loss', 'restart'] as const

const action = z.strictObject({
  for_each: z.string().optional().describe('The class of assets that it is for, a key of `assets`. Absent: it is for the plant, and signals go by the names of their tags.'), // prettier-ignore
  when: condition.describe('The condition, an expression. What it reads and is not known, old, bad or no number leaves it undecided, which is not true.'), // prettier-ignore
  for: duration.prefault('0s').describe('How long it must hold without a break.'),
  until: condition.optional().describe('What has to be true before it may act again. Absent: the condition is false.'),
  again: duration.optional().describe('Decides again where the condition still holds after so long. Absent: once.'),
  do: effect.describe('What it does.'),
  mode: z
    .enum(['off', 'propose', 'dry-run', 'armed'])
    .default('propose')
    .describe('propose: shown to the operator and done on approval; dry-run: only recorded; armed: done by itself.'),
  limits: z
    .strictObject({
      min: z.number().optional().describe('Least value.'),
      max: z.number().optional().describe('Largest value.'),
      step: z.number().positive().optional().describe('Largest change from what the node holds, read just before.'),
    })
    .optional()
    .describe('Values beyond are never written.'),
  at_most: rate.optional().describe('How often, for each asset: `1 per 10m`.'),
  interlock: condition.optional().describe('What has to be true at the moment of execution.'),
  fresh: duration.prefault('1m').describe('Signals and conclusions older than that are not known. Signals that come by change are as old as the newest sample of their source.'), // prettier-ignore
  within: duration.prefault('30s').describe('Given up when it is not done so long after it was decided or approved.'),
  revert: z
    .strictObject({
      after: duration.describe('How long after it was done.'),
      to: z.union([z.literal('previous'), z.boolean(), z.number()]).describe('What is written then; previous: what was there before.'), // prettier-ignore
    })
    .optional()
    .describe('Takes what was written back; not where it is another by then.'),
  safe: z
    .strictObject({
      value: z.union([z.boolean(), z.number(), z.string()]).describe('The value, as it is.'),
      on: z.array(z.enum(safeOccasions)).min(1).default([...safeOccasions]).describe('stop: somebody stops all actions; loss: the condition is undecided for longer than `fresh`; restart: the agent begins after a crash.'), // prettier-ignore
    })
    .optional()
    .describe('What is written while it is in effect and cannot be watched any more. Absent: it is left alone.'),
  approval: z
    .strictObject({
      by: z.enum(roleNames).exclude(['viewer']).default('operator').describe('The least role that may approve.'),
      within: duration.prefault('15m').describe('A proposal is over after that.'),
    })
    .prefault({})
    .describe('Who approves what is proposed.'),
  timezone: timezone.prefault('UTC').describe('Where hour() and weekday() are told.'),
})

/** An action: a condition, what is done, and the guards that hold whatever happens. */
export const actionConfig = action.superRefine(({ do: chosen, limits, revert, safe }, context) => {
  const problem = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
  if (!chosen.write) {
    if (revert) problem('revert', 'only what is written can be taken back: use it with do.write')
    if (safe) problem('safe', 'only a node has a safe value: use it with do.write')
    if (limits?.step !== undefined) problem('limits', 'a step is the change of a node: use it with do.write')
  }
  const { min = -Infinity, max = Infinity } = limits ?? {}
  if (min > max) problem('limits', `min ${min} is above max ${max}: nothing could ever be written`)
  for (const [where, fixed] of [
    ['do', chosen.write?.value],
    ['safe', safe?.value],
    ['revert', revert?.to],
  ] as const)
    // prettier-ignore
    if (typeof fixed === 'number' && (fixed < min || fixed > max))
      problem(where, `${fixed} is beyond the limits ${min} to ${max}`)
})

export type ActionSettings = z.output<typeof actionConfig>
export type Effect = ActionSettings['do']
