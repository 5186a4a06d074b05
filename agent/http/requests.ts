import type { Context } from 'hono'
import { z } from 'zod'
import { type DeadReason, deadReasons, duration, labelMessage, tagTypes } from '../core/index.ts'
import { Problem } from './problem.ts'

const by = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .describe('Who does it; where the token or the proxy names the caller, that name counts.')
const reason = z.string().trim().max(500).optional().describe('Why.')

/** What the API accepts. */
export const requests = {
  login: z.strictObject({
    token: z
      .string()
      .max(1_000)
      .describe('A token: of the file http-token, or one that `millwright token add` gave out.'),
    by: by.optional(),
  }),
  session: z.strictObject({ by }),
  model: z.strictObject({ by, reason }),
  promote: z.strictObject({ version: z.string().max(200).describe('A version in the registry.'), by, reason }),
  label: labelMessage,
  approve: z.strictObject({
    by,
    connector: z.string().max(200).describe('Name of the OPC UA connector.'),
    thumbprint: z
      .string()
      .regex(/^[0-9a-f]{40}$/i, { error: 'must be 40 hexadecimal digits' })
      .describe('Thumbprint of the pending certificate.'),
  }),
  retype: z.strictObject({
    by,
    tag: z.string().max(500).describe('Name of the tag.'),
    type: z.enum(tagTypes).describe('What its values are from now on.'),
  }),
  letters: z.strictObject({
    by,
    letters: z.array(z.int().min(0)).min(1).max(200).describe('Ids of dead letters.'),
  }),
  acknowledge: z.strictObject({ by, reason }),
  order: z.strictObject({ by, reason }),
  shelve: z.strictObject({
    by,
    reason,
    for: duration
      .refine((length) => length > 0 && length <= 30 * 86_400_000, { error: 'must be more than 0 and at most 30d' })
      .describe('How long, such as 30m or 8h.'),
  }),
  inject: z.strictObject({
    asset: z.string().max(500).describe('Name of the asset.'),
    fault: z.string().max(100).describe('Name of the fault.'),
    by: by.optional(),
  }),
  repair: z.strictObject({ asset: z.string().max(500).describe('Name of the asset.'), by: by.optional() }),
}

/** Bytes. */
const largestBody = 16_384

const limited = (most: number, normal: number) =>
  z.strictObject({
    limit: z.coerce.number().int().min(1).max(most).default(normal).describe('How many, newest first.'),
  })
const moment = z.coerce.number().min(0).max(8.64e15)

/** What the API accepts in the query of a GET. */
export const queries = {
  image: z.strictObject({
    part: z.string().min(1).max(200).optional().describe('Id of the part that the image shows.'),
  }),
  limited: limited(1_000, 100),
  letters: limited(1_000, 100).extend({
    origin: z.string().max(200).optional().describe('Only those of this source or sink.'),
    reason: z
      .enum(Object.keys(deadReasons) as [DeadReason, ...DeadReason[]])
      .optional()
      .describe('Only those put aside for this reason.'),
    from: moment.optional().describe('Only those that came at this time or later, ms since epoch.'),
    to: moment.optional().describe('Only those that came before, ms since epoch.'),
    before: z.coerce.number().int().min(0).optional().describe('Only those before this id.'),
  }),
  parts: limited(100, 24).extend({
    only: z.literal('trouble').optional().describe('Only parts that did not pass.'),
  }),
  alarms: limited(5_000, 500),
  history: z
    .strictObject({
      asset: z.string().max(500).optional().describe('All tags and scores of this asset.'),
      tag: z
        .union([z.string(), z.array(z.string()).max(50)])
        .transform((tags) => (typeof tags === 'string' ? [tags] : tags))
        .optional()
        .describe('Or these tags; may be given several times.'),
      from: moment.describe('ms since epoch.'),
      to: moment.describe('ms since epoch.'),
      points: z.coerce.number().int().min(10).max(4_000).default(600).describe('Buckets at most.'),
    })
    .refine(({ asset, tag }) => (asset === undefined) !== (tag === undefined), { error: 'give either asset or tag' })
    .refine(({ from, to }) => to > from, { error: 'to must be after from' }),
}

/** The body of a request, checked. Throws a Problem that names everything that is wrong with it. */
export async function body<Schema extends z.ZodType>(context: Context, schema: Schema): Promise<z.output<Schema>> {
  if (!/^application\/json\b/i.test(context.req.header('content-type') ?? ''))
    throw new Problem('HTTP_NOT_JSON', 'the body is not declared as JSON')
  const text = Buffer.from(await boundedBytes(context, largestBody)).toString('utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Problem('HTTP_BAD_JSON', 'the body is not JSON', { cause: error })
  }
  return check(schema, value)
}

export function check<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const told = result.error.issues.map(({ path, message }) => [...path.map(String), message].join(': '))
  throw new Problem('HTTP_INVALID', told.join('; '))
}

/** The bytes of a request. Stops reading at the bound. Not Hono's own body limit: its new Request needs the globals that we leave alone. */
export async function boundedBytes(context: Context, largest: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of context.req.raw.body ?? []) {
    size += (chunk as Uint8Array).length
    if (size > largest) throw new Problem('HTTP_TOO_LARGE', `the body is larger than ${largest} bytes`)
    chunks.push(chunk as Uint8Array)
  }
  return Buffer.concat(chunks)
}
