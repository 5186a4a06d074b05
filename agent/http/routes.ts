import type { Context, Hono } from 'hono'
import type { Check, Environment } from './access.ts'
import { leastRoles } from './least-roles.ts'
import { operations, type Access, type Input, type Operation, type OperationName } from './operations.ts'
import { body, check } from './requests.ts'

export type App = Hono<Environment>

/** Adds the handler of one operation. */
export type Route = <Name extends OperationName>(
  name: Name,
  handle: (context: Context<Environment>, input: Input<Name>) => Response | Promise<Response>,
) => void

/** Routes are made from the table of operations: their access is checked first, then query and body. */
export function routesOf(app: App, access: Readonly<Record<Access, Check>>): Route {
  return (name, handle) => {
    const operation: Operation = operations[name]
    const [method, path] = name.split(' ')
    app.on(method, path, access[operation.access](leastRoles[name]), async (context) => {
      const query = operation.query && check(operation.query, queryOf(context))
      const content = operation.body && (await body(context, operation.body))
      return handle(context, { query, body: content } as Input<typeof name>)
    })
  }
}

/** A parameter that is given several times is a list. */
function queryOf(context: Context): Record<string, string | string[]> {
  const all = Object.entries(context.req.queries())
  return Object.fromEntries(all.map(([name, values]) => [name, values.length === 1 ? values[0] : values]))
}
