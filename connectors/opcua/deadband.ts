import type { DataValue } from 'node-opcua-client'
import type { Item } from './items.ts'
import { integer64, kindOf, numberOf } from './values.ts'

/** The smallest change that an item reports; NaN where there is none, or where nobody knows the range of its percentage. */
export function deadbandOf({ deadband, low, high }: Item['settings']): number {
  if (!deadband) return NaN
  if ('absolute' in deadband) return deadband.absolute
  return low !== undefined && high !== undefined ? ((high - low) * deadband.percent) / 100 : NaN
}

/**
 * Whether a value is too near to the one before to be reported, where the server does not filter. Values of another status
 * or after a loss always are.
 */
export function isWithinDeadband(item: Item, data: DataValue): boolean {
  if (item.unfiltered === undefined) return false
  const value = scalarOf(data)
  const difference = Math.abs(value - item.kept)
  const isSmall = difference <= deadbandOf(item.settings)
  if (isSmall && data.statusCode.value === item.lastStatus && item.lostAt === -Infinity) return true
  item.kept = value
  return false
}

function scalarOf({ value: variant }: DataValue): number {
  const kind = kindOf(variant.dataType)
  if ((variant.arrayType as number) !== 0) return NaN
  if (kind === 'int64' || kind === 'uint64')
    return Number(integer64(variant.value as [number, number], kind === 'int64'))
  // Of a Boolean every change counts.
  return kind === 'integer' || kind === 'number' ? numberOf(kind, variant.value) : NaN
}
