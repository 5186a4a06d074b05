import { AttributeIds, NodeId } from 'node-opcua-client'
import type { DataValue } from 'node-opcua-client'
import type { TagType } from '../../agent/core/index.ts'
import type { Browsed, BrowsedVariable } from './browse.ts'
import type { Connection } from './client.ts'
import { nodeText } from './nodes.ts'
import { readAll } from './pieces.ts'
import { elementsOf, integer64, isNothing, kindOf, numberOf, tagTypeOf, textOf } from './values.ts'
import type { Found } from './walk.ts'

/** Abstract and derived built-in types of namespace 0 that hold numbers. */
const derived: Readonly<Record<number, TagType>> = {
  26: 'number',
  27: 'integer',
  28: 'integer',
  29: 'integer',
  290: 'number',
}

/** Reads what the variables are. */
export class Describer {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async describe(found: readonly Found[]): Promise<Pick<Browsed, 'variables' | 'left'>> {
    const attributes = [AttributeIds.Value, AttributeIds.DataType, AttributeIds.UserAccessLevel] as const
    const read = async (attributeId: AttributeIds) =>
      this.#read(found.map(({ id: nodeId }) => ({ nodeId, attributeId })))
    const [values, types, access] = [await read(attributes[0]), await read(attributes[1]), await read(attributes[2])]
    const units = await this.#properties(found.map((variable) => variable.units))
    const ranges = await this.#properties(found.map((variable) => variable.range))
    const variables: BrowsedVariable[] = []
    const left: Record<string, number> = {}
    found.forEach((variable, index) => {
      const level = access[index].value.value as unknown
      const type = typeOf(values[index], types[index])
      const problem =
        typeof level === 'number' && (level & 1) === 0
          ? 'cannot be read'
          : type === undefined
            ? 'a structure or bytes'
            : undefined
      if (problem === undefined)
        variables.push(this.#variable(variable, type!, values[index], level, units[index], ranges[index]))
      else left[problem] = (left[problem] ?? 0) + 1
    })
    return { variables, left }
  }

  #variable(
    { id, path, device }: Found,
    type: TagType,
    value: DataValue,
    level: unknown,
    units: DataValue | undefined,
    range: DataValue | undefined,
  ): BrowsedVariable {
    const unit = (units?.value.value as { displayName?: { text?: string | null } } | null | undefined)?.displayName
      ?.text
    const limits = range?.value.value as { low?: number; high?: number } | null | undefined
    const hasRange = limits?.low !== undefined && limits.high !== undefined && limits.low < limits.high
    return {
      node: nodeText(id, this.#connection.namespaces),
      path,
      device,
      type,
      ...(unit && { unit }),
      ...(hasRange && { low: limits.low, high: limits.high }),
      array: elementsOf(value.value) !== undefined,
      history: typeof level === 'number' && (level & 4) !== 0,
      value: shownValue(value),
    }
  }

  async #properties(ids: readonly (NodeId | undefined)[]): Promise<(DataValue | undefined)[]> {
    const wanted = ids.filter((id) => id !== undefined)
    const values = await this.#read(wanted.map((nodeId) => ({ nodeId, attributeId: AttributeIds.Value })))
    let next = 0
    return ids.map((id) => (id === undefined ? undefined : values[next++]))
  }

  #read(nodes: readonly { nodeId: NodeId; attributeId: AttributeIds }[]): Promise<DataValue[]> {
    return readAll(this.#connection.session, this.#connection.limits, nodes)
  }
}

function typeOf({ value }: DataValue, dataType: DataValue): TagType | undefined {
  const kind = kindOf(value.dataType)
  if (kind !== 'null') return tagTypeOf(kind)
  const id = dataType.value.value as unknown
  if (!(id instanceof NodeId) || id.namespace !== 0 || typeof id.value !== 'number') return undefined
  return derived[id.value] ?? tagTypeOf(kindOf(id.value))
}

/** As a text where a number would not be exact. */
function shownInteger(value: number | bigint): number | string {
  return typeof value === 'number' ? value : String(value)
}

function shownValue({ value: variant }: DataValue): number | string | boolean | null {
  const kind = kindOf(variant.dataType)
  const value = variant.value as unknown
  if (isNothing(kind, value) || elementsOf(variant)) return null
  if (kind === 'boolean') return value === true
  if (kind === 'int64' || kind === 'uint64') return shownInteger(integer64(value as [number, number], kind === 'int64'))
  if (kind === 'text') return textOf(value)
  if (kind === 'time') return (value as Date).toISOString()
  const number = numberOf(kind, value)
  return Number.isFinite(number) ? number : null
}
