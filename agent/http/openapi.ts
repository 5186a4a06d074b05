import { z } from 'zod'
import { roles } from '../core/index.ts'
import { leastRoles } from './least-roles.ts'
import { operations, type Operation, type OperationName } from './operations.ts'
import { problems } from './problem.ts'
import { shapes } from '../view/index.ts'

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly description?: string
  readonly [key: string]: unknown
}

const access = {
  open: [],
  read: [{}, { token: [] }, { session: [] }],
  guarded: [{ token: [] }, { session: [] }],
  change: [{ token: [] }, { session: [] }],
  image: [{ token: [] }, { session: [] }],
} as const

/** The HTTP interface as an OpenAPI 3.1 document, made from the table that its routes are made from. */
export function openApi(version: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const [name, operation] of Object.entries(operations) as [OperationName, Operation][]) {
    const [method, path] = name.split(' ')
    const address = path.replaceAll(/:(\w+)/g, '{$1}')
    paths[address] = { ...paths[address], [method.toLowerCase()]: describe(name, path, operation) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Millwright',
      version,
      description: `Health, metrics, state and actions of one agent. Where \`http.read\` is \`token\`, reading needs a token or a log-in as well. Roles, each of which may do what those before it may: ${Object.entries(
        roles,
      )
        .map(([name, meaning]) => `${name}: ${meaning}`)
        .join(' ')}`,
    },
    paths,
    components: {
      schemas: { Problem: schemaOf(shapes.problem, 'output') },
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description:
            'A token of `millwright token add`, or that of the file http-token in the data folder, which is an admin’s.',
        },
        session: { type: 'apiKey', in: 'cookie', name: 'millwright_*', description: 'The cookie that a log-in sets.' },
      },
    },
  }
}

function describe(name: OperationName, path: string, operation: Operation): object {
  const parameters = [...pathParameters(path), ...queryParameters(operation.query)]
  return {
    operationId: name
      .replaceAll(/[^A-Za-z]+(\w?)/g, (_, next: string) => next.toUpperCase())
      .replace(/^[A-Z]+(?=[A-Z])/, (verb) => verb.toLowerCase()),
    summary: operation.summary,
    security: access[operation.access],
    ...(operation.access !== 'open' && {
      'x-role': leastRoles[name],
      description: `Least role of a caller with token or log-in: ${leastRoles[name]}.`,
    }),
    ...(parameters.length > 0 && { parameters }),
    ...(operation.body && {
      requestBody: { required: true, content: { 'application/json': { schema: schemaOf(operation.body, 'input') } } },
    }),
    responses: responses(operation),
  }
}

function responses({ answer, media, otherwise = {} }: Operation): object {
  const content = answer
    ? { 'application/json': { schema: schemaOf(answer, 'output') } }
    : { [media!.split(';')[0]]: { schema: { type: 'string' } } }
  const others: object = Object.fromEntries(
    Object.entries(otherwise).map(([status, description]) => [status, { description, content }]),
  )
  return {
    200: { description: 'Done.', content },
    ...others,
    default: {
      description: `Not done. Codes: ${Object.keys(problems).join(', ')}, and those of the error reference.`,
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  }
}

function pathParameters(path: string): object[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
    description: 'Percent-encoded.',
  }))
}

function queryParameters(query: z.ZodType | undefined): object[] {
  const { properties = {}, required = [] } = query ? schemaOf(query, 'input') : {}
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(description !== undefined && { description }),
    schema,
  }))
}

/** `readonly` in the code is not `readOnly` of an interface; texts that are read as numbers are numbers to whoever sends them. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...made }: JsonSchema = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      delete jsonSchema.readOnly
      if (zodSchema._zod.def.type === 'number' && jsonSchema.type === undefined) jsonSchema.type = 'number'
    },
  }) as JsonSchema
  return made
}
