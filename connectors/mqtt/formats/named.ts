import type { ItemRule } from './items.ts'
import { presets, type PresetName } from './presets.ts'
import { isObject } from './path.ts'

const names =
  /^(?:id|name|n|tag|tag_?name|tag_?id|key|k|signal(?:_?name|_?id)?|sensor(?:_?name|_?id)?|channel|ch|point(?:_?name|_?id)?|variable(?:_?name)?|var(?:_?name)?|metric(?:_?name)?|param(?:eter)?(?:_?name)?|addr(?:ess)?|node_?(?:id)?|display_?name|browse_?name|path|full_?path|tag_?path|label|item(?:_?name|_?id)?|reg(?:ister)?|property(?:_?alias)?|alias|field|measurement|topic|dp|data_?point|device(?:_?name|_?id)?|asset(?:_?name|_?id)?|machine(?:_?name|_?id)?|source|symbol|type|kind|object|component|bn)$/i
const values = /^(?:v|val|value|values|data|reading|vb|vs|raw|result|present_?value)$/i
const times = /^(?:t|ts|time|timestamp|datetime|date|source_?timestamp|server_?timestamp)$/i
/** Keys that say which thing a message speaks of, whatever else it holds. */
const things =
  /^(?:device|sensor|machine|asset)(?:_?id|_?name)?$|^dev_?eui$|^node_?id$|^display_?name$|^property_?alias$/i
/** Beside one value more keys do; those that look like the number of a message do not. */
const single =
  /^(?:name|n|tag|tag_?name|tag_?path|full_?path|signal(?:_?name)?|channel|point(?:_?name)?|variable(?:_?name)?|metric(?:_?name)?|param(?:eter)?(?:_?name)?|browse_?name|item(?:_?name)?|register|id)$/i
const counted = /^(?:\d+|[0-9a-f]{8,}|[0-9a-f]{8}-[0-9a-f-]{27}|\{.*\}|[A-Za-z0-9_+/-]{20,}=*)$/i

/** First letter and length of the keys that may name the subject of a message: a test without a text. */
const initials = new Set<number>()
for (const word of 'name n tag tagname tag_name tagpath tag_path fullpath full_path signal signalname signal_name channel point pointname point_name variable variablename variable_name metric metricname metric_name param parameter parametername parameter_name browsename browse_name item itemname item_name register id device deviceid device_id devicename device_name sensor sensorid sensor_id sensorname sensor_name machine machineid machine_id machinename machine_name asset assetid asset_id assetname asset_name deveui dev_eui nodeid node_id displayname display_name propertyalias property_alias'.split(
  ' ',
))
  initials.add((word.charCodeAt(0) << 8) | word.length)

/** False where the key in these bytes is none by which `nameOf` names anything; true where it may be one. */
export function mayName(bytes: Buffer, from: number, length: number): boolean {
  return initials.has(((bytes[from] | 0x20) << 8) | length)
}

/** Whether the key in these bytes is one by which `nameOf` may name something. */
export function isName(bytes: Buffer, from: number, length: number): boolean {
  const key = bytes.toString('latin1', from, from + length)
  return things.test(key) || single.test(key)
}

/** The key by which an object in a list is named; undefined where it is not. */
export function nameKeyOf(item: unknown): string | undefined {
  if (!isObject(item)) return undefined
  for (const key in item) {
    const value = item[key]
    if (typeof value !== 'string' && typeof value !== 'number') continue
    if (names.test(key) && (typeof value === 'string' || !/^(?:n|k|type|kind|source)$/i.test(key))) return key
  }
  return undefined
}

/** What a message of one object calls the thing that it speaks of; undefined where it names none. */
export function nameOf(object: Record<string, unknown>, hasValue: boolean): string | undefined {
  let found: string | undefined
  for (const key in object) {
    const value = object[key]
    if (typeof value !== 'string' || key.length > 24 || value === '') continue
    if (things.test(key) || (hasValue && single.test(key) && !counted.test(value)))
      found = `${found ?? ''}${key}=${value}\n`
  }
  return found
}

/** What the user can do about named values without a rule. */
export function remedyFor(root: unknown): string {
  const preset = presetOf(root)
  if (preset !== undefined) return `it looks like ${presets[preset].about}: set preset: ${preset} for this topic`
  const found = listOf(root, 8)
  const item = found ? found.list.find((one) => nameKeyOf(one) !== undefined) : root
  return `say what is what: ${ruleFor(item, found?.path)}, and {item} in tag`
}

/** The preset whose payload this is; undefined where it is none. */
export function presetOf(root: unknown): PresetName | undefined {
  for (const name of Object.keys(presets) as PresetName[]) {
    let items = 0
    let paths = 0
    const known = presets[name].reader()(root, {
      now: 0,
      item: ({ name: path }) => {
        items++
        if (path.includes('/')) paths++
      },
      reject: () => undefined,
    })
    // The most general one: what has names without levels may be anybody's.
    if (known && items > 0 && (name !== 'ignition' || paths === items)) return name
  }
  return undefined
}

/** A rule for items like this one, in a list at `list`. */
export function ruleOf(item: unknown, list: string | undefined): ItemRule {
  const keys = isObject(item) ? Object.keys(item).slice(0, 50) : []
  const name = nameKeyOf(item)
  const value =
    keys.find((key) => key !== name && values.test(key)) ?? keys.find((key) => key !== name && !times.test(key))
  const time = keys.find((key) => times.test(key))
  const quality = keys.find((key) => /^(?:q|qc|quality|status|status_?code)$/i.test(key) && key !== value)
  const unit = keys.find((key) => /^(?:u|unit|units|uom)$/i.test(key) && key !== name)
  return { list: list === '' ? undefined : list, name, value, time, quality, unit }
}

/** The rule as it is written in the configuration. */
function ruleFor(item: unknown, list: string | undefined): string {
  const said = Object.entries(ruleOf(item, list) as Record<string, string | undefined>)
  const written = said.filter(([, part]) => part !== undefined).map(([key, part]) => `${key}: ${part!.slice(0, 60)}`)
  return `items: { ${written.join(', ')} }`
}

/** The first list of named values inside, and its path. */
export function listOf(root: unknown, depth: number): { path: string; list: readonly unknown[] } | undefined {
  if (Array.isArray(root))
    return root.some((item) => nameKeyOf(item) !== undefined) ? { path: '', list: root } : undefined
  if (!isObject(root) || depth === 0) return undefined
  for (const key in root) {
    const inner = root[key]
    const found = typeof inner === 'object' ? listOf(inner, depth - 1) : undefined
    if (found) return { path: found.path === '' ? key : `${key}.${found.path}`, list: found.list }
  }
  return undefined
}
