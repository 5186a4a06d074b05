import { z } from 'zod'

/** Something the configuration may name: a connector, an operator. */
export interface Choice<Definition> {
  readonly definition: Definition
  readonly settings: unknown
}

interface Definition {
  readonly type: string
  readonly config: z.ZodType
}

/** `{ type: mqtt, url: ... }`: the key `type` picks the schema that the other keys must follow. */
export function byType<D extends Definition>(definitions: readonly D[], what: string) {
  return z
    .unknown()
    .transform((raw, context): Choice<D> => {
      if (!isObject(raw)) return fail(context, [], `expected the settings of a ${what}`)
      const { type, ...others } = raw
      const definition = definitions.find((candidate) => candidate.type === type)
      if (!definition) return fail(context, ['type'], unknownWord(`${what} type`, type, definitions))
      const settings = keysAt(definition.config, []).includes('type') ? raw : others
      return { definition, settings: parseWith(definition.config, settings, context, []) }
    })
    .meta({ oneOf: definitions.map((definition) => withType(definition)) })
}

/** `despike: { window: 7 }`, or just `despike`: the only key picks the schema of its value. */
export function byKey<D extends Definition>(definitions: readonly D[], what: string) {
  return z
    .unknown()
    .transform((raw, context): Choice<D> => {
      const entries = typeof raw === 'string' ? [[raw, {}] as const] : isObject(raw) ? Object.entries(raw) : []
      if (entries.length !== 1) {
        return fail(
          context,
          [],
          `expected one ${what} such as "- ${definitions[0].type}: { ... }"; start a new "-" for each`,
        )
      }
      const [type, settings] = entries[0]
      const definition = definitions.find((candidate) => candidate.type === type)
      if (!definition) return fail(context, [type], unknownWord(what, type, definitions))
      return { definition, settings: parseWith(definition.config, settings ?? {}, context, [type]) }
    })
    .meta({
      oneOf: [
        ...definitions.map(({ type, config }) => ({
          type: 'object',
          properties: { [type]: jsonSchema(config) },
          required: [type],
          additionalProperties: false,
        })),
        { enum: definitions.map(({ type }) => type) },
      ],
    })
}

/** The JSON Schema of what a user may write for `schema`. */
export function jsonSchema(schema: z.ZodType): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  return $schema ? rest : {}
}

/** The keys that `schema` knows at `path`; empty where it cannot say. */
export function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  const bare = unwrap(schema)
  if (bare instanceof z.ZodObject) {
    const shape = bare.shape as Record<string, z.core.$ZodType | undefined>
    if (path.length === 0) return Object.keys(shape)
    const inner = shape[String(path[0])]
    return inner ? keysAt(inner, path.slice(1)) : []
  }
  if (bare instanceof z.ZodRecord && path.length > 0) return keysAt(bare.valueType, path.slice(1))
  if (bare instanceof z.ZodArray && path.length > 0) return keysAt(bare.element, path.slice(1))
  if (bare instanceof z.ZodUnion) return [...new Set(bare.options.flatMap((option) => keysAt(option, path)))]
  return []
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return unwrap(schema.unwrap())
  }
  return schema instanceof z.ZodPipe ? unwrap(schema.in) : schema
}

/** The word of `known` that `word` was probably meant to be. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const best = known.map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
  best.sort((a, b) => a.distance - b.distance)
  return best.length > 0 && best[0].distance <= Math.max(2, word.length / 3) ? best[0].candidate : undefined
}

function parseWith(config: z.ZodType, value: unknown, context: z.RefinementCtx, path: PropertyKey[]): unknown {
  const result = config.safeParse(value)
  if (result.success) return result.data
  for (const issue of result.error.issues) {
    const known = issue.code === 'unrecognized_keys' ? { known: keysAt(config, issue.path) } : {}
    context.issues.push({
      ...issue,
      ...known,
      path: [...path, ...issue.path],
      input: value,
    } as (typeof context.issues)[number])
  }
  return z.NEVER
}

function fail(context: z.RefinementCtx, path: PropertyKey[], message: string): never {
  context.issues.push({ code: 'custom', message, path, input: undefined })
  return z.NEVER
}

function unknownWord(what: string, word: unknown, definitions: readonly Definition[]): string {
  const known = definitions.map(({ type }) => type)
  if (word === undefined) return `${what} is missing; it is one of ${known.join(', ')}`
  const meant = typeof word === 'string' ? nearest(word, known) : undefined
  return `unknown ${what} ${JSON.stringify(word)}; ${meant ? `did you mean "${meant}"? K` : 'k'}nown: ${known.join(', ')}`
}

function withType({ type, config }: Definition): Record<string, unknown> {
  const schema = jsonSchema(config)
  const add = (variant: Record<string, unknown>) => ({
    ...variant,
    properties: { type: { const: type }, ...(variant.properties as object | undefined) },
    required: [...new Set(['type', ...((variant.required as string[] | undefined) ?? [])])],
  })
  const variants = (schema.oneOf ?? schema.anyOf) as Record<string, unknown>[] | undefined
  return variants ? { oneOf: variants.map(add) } : add(schema)
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[b.length]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
