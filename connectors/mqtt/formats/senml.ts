import { type ItemReader, levels } from './items.ts'
import { isObject } from './path.ts'

/** Labels in CBOR, RFC 8428, table 4. */
const labels: Readonly<Record<string, string>> = {
  '-2': 'bn',
  '-3': 'bt',
  '-4': 'bu',
  '-5': 'bv',
  '-6': 'bs',
  '0': 'n',
  '1': 'u',
  '2': 'v',
  '3': 'vs',
  '4': 'vb',
  '5': 's',
  '6': 't',
  '8': 'vd',
}

/** Seconds below this are relative to now, RFC 8428, 4.5.3. */
const relative = 2 ** 28

/** SenML (RFC 8428): base name, time, unit and values hold from the record that states them on. */
export const senml: ItemReader = (root, receiver) => {
  if (!Array.isArray(root) || root.length === 0) return false
  const records = (root as unknown[]).map(named)
  if (!records.every((record) => record !== undefined && isRecord(record))) return false
  const base = { name: '', time: 0, unit: undefined as unknown, value: 0, sum: 0 }
  for (const record of records) {
    const { bn, bt, bu, bv, bs, n = '', t = 0, u, v, vs, vb, s } = record!
    if (typeof bn === 'string') base.name = bn
    if (typeof bt === 'number') base.time = bt
    if (bu !== undefined) base.unit = bu
    if (typeof bv === 'number') base.value = bv
    if (typeof bs === 'number') base.sum = bs
    const seconds = base.time + (typeof t === 'number' ? t : NaN)
    const about = {
      name: levels(`${base.name}${String(n)}`.slice(0, 1_000), ':', 'urn:dev:'),
      at: seconds === 0 ? undefined : (seconds < relative ? receiver.now : 0) + seconds * 1e3,
      unit: u ?? base.unit,
    }
    if (record!.vd !== undefined) receiver.reject('malformed', `${about.name}: bytes (vd) are no value`)
    else if (typeof v === 'number') receiver.item({ ...about, value: base.value + v })
    else if (vb !== undefined || vs !== undefined) receiver.item({ ...about, unit: undefined, value: vb ?? vs })
    else if (bv !== undefined && s === undefined) receiver.item({ ...about, value: base.value })
    if (typeof s === 'number')
      receiver.item({ ...about, name: `${about.name}/sum`, value: base.sum + s, unit: undefined })
  }
  return true
}

/** The record by its names in JSON; undefined where it is none. */
function named(record: unknown): Record<string, unknown> | undefined {
  if (!isObject(record)) return undefined
  const keys = Object.keys(record)
  if (keys.length > 20) return undefined
  return Object.fromEntries(keys.map((key) => [labels[key] ?? key, record[key]]))
}

function isRecord(record: Record<string, unknown>): boolean {
  const keys = Object.keys(record)
  const known = (key: string) =>
    /^(?:b[nutvs]|bver|n|u|v|vs|vb|vd|s|t|ut|.*_)$/.test(key) || key === '-1' || key === '7'
  return keys.every(known) && keys.some((key) => /^(?:bn|n|v|vs|vb|vd|s|bv)$/.test(key))
}
