import { type ItemReader, type ItemReceiver, levels } from './items.ts'
import { opcPublisher } from './opc-json.ts'
import { isObject } from './path.ts'
import { senml } from './senml.ts'

type Item = Record<string, unknown>

/** Items at `key` of the payload, each an object. */
function listAt(root: unknown, key: string): Item[] | undefined {
  const list = isObject(root) ? root[key] : undefined
  return Array.isArray(list) && list.length > 0 && list.every(isObject) ? list : undefined
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined
}

/** KEPServerEX IoT Gateway: `{"timestamp": ..., "values": [{"id": "Line3.Press.Force", "v": 1, "q": true, "t": ...}]}`. */
const kepware: ItemReader = (root, receiver) => {
  const list = listAt(root, 'values')
  if (!list?.every(({ id, ...item }) => typeof id === 'string' && 'v' in item)) return false
  for (const { id, v, q, t } of list)
    receiver.item({ name: levels(id as string, '.'), value: v ?? null, time: t, quality: q })
  return true
}

/** AWS IoT SiteWise: one entry, a list of them, or `{"entries": [...]}`. */
const sitewise: ItemReader = (root, receiver) => {
  const entries = Array.isArray(root) ? root : (listAt(root, 'entries') ?? [root])
  if (!entries.every((entry) => isObject(entry) && Array.isArray(entry.propertyValues)) || entries.length === 0)
    return false
  for (const entry of entries as Item[]) {
    const { propertyAlias, assetId, propertyId, propertyValues } = entry
    const name = text(propertyAlias) ?? (text(assetId) && text(propertyId) && `${text(assetId)}/${text(propertyId)}`)
    if (name === undefined) receiver.reject('unmapped', 'an entry without propertyAlias, and assetId with propertyId')
    else for (const value of propertyValues as unknown[]) siteWiseValue(levels(name), value, receiver)
  }
  return true
}

function siteWiseValue(name: string, entry: unknown, receiver: ItemReceiver): void {
  if (!isObject(entry) || !isObject(entry.timestamp) || typeof entry.timestamp.timeInSeconds !== 'number') {
    receiver.reject('malformed', `${name}: a value without timestamp.timeInSeconds`)
    return
  }
  const { timeInSeconds, offsetInNanos } = entry.timestamp
  const value = isObject(entry.value) ? entry.value : {}
  receiver.item({
    name,
    value: value.doubleValue ?? value.integerValue ?? value.booleanValue ?? value.stringValue ?? null,
    at: timeInSeconds * 1e3 + (typeof offsetInNanos === 'number' ? offsetInNanos / 1e6 : 0),
    quality: entry.quality,
  })
}

/** EMQX Neuron: `{"node": ..., "group": ..., "timestamp": ..., "values": {...}, "errors": {...}}`, or `tags` as a list. */
const neuron: ItemReader = (root, receiver) => {
  if (!isObject(root) || typeof root.node !== 'string' || typeof root.group !== 'string') return false
  const { node, group, timestamp: time, values, errors } = root
  const tags = listAt(root, 'tags')
  if (!tags && !isObject(values) && !isObject(errors)) return false
  const put = (name: string, value: unknown) =>
    receiver.item({ name: levels(`${node}/${group}/${name}`), value: value ?? null, time })
  for (const { name, value, error } of tags ?? []) if (typeof name === 'string') put(name, error ? null : value)
  if (isObject(values)) for (const key of Object.keys(values)) put(key, values[key])
  if (isObject(errors)) for (const key of Object.keys(errors)) put(key, null)
  return true
}

/** Telegraf's JSON: `{"name": ..., "tags": {...}, "fields": {...}, "timestamp": s}`, a list, or `{"metrics": [...]}`. */
const telegraf: ItemReader = (root, receiver) => {
  const metrics = listAt(root, 'metrics') ?? (Array.isArray(root) ? (root as unknown[]) : [root])
  if (!metrics.every((metric) => isObject(metric) && typeof metric.name === 'string' && isObject(metric.fields)))
    return false
  for (const { name, tags, fields, timestamp } of metrics as Item[]) {
    const series = isObject(tags)
      ? Object.keys(tags)
          .sort()
          .map((key) => String(tags[key]).slice(0, 500))
      : []
    receiver.item({ name: levels([name as string, ...series].join('/')), value: fields, time: timestamp })
  }
  return metrics.length > 0
}

/** ChirpStack 3 and 4: what the codec of the device made of its frame, under the name of the device. */
const chirpstack: ItemReader = (root, receiver) => {
  if (!isObject(root)) return false
  const device: Item = isObject(root.deviceInfo) ? root.deviceInfo : root
  const name = text(device.deviceName) ?? text(device.devEui) ?? text(device.devEUI)
  if (name === undefined || !['devEui', 'devEUI'].some((key) => key in device)) return false
  let value: unknown = root.object
  if (value === undefined && typeof root.objectJSON === 'string') {
    try {
      value = JSON.parse(root.objectJSON)
    } catch {
      value = undefined
    }
  }
  if (isObject(value)) receiver.item({ name: levels(name), value, time: root.time ?? root.publishedAt })
  else receiver.reject('empty', 'no decoded object: give the device profile a codec in ChirpStack')
  return true
}

/** The Things Stack: the decoded payload of an uplink, under the id of the device. */
const thingsStack: ItemReader = (root, receiver) => {
  if (!isObject(root) || !isObject(root.end_device_ids) || !isObject(root.uplink_message)) return false
  const name = text(root.end_device_ids.device_id)
  const { decoded_payload: value, received_at } = root.uplink_message
  if (name === undefined) return false
  if (isObject(value)) receiver.item({ name: levels(name), value, time: received_at ?? root.received_at })
  else receiver.reject('empty', 'no decoded payload: give the device a payload formatter in The Things Stack')
  return true
}

const ignitionNames = ['fullPath', 'tagPath', 'path', 'name'] as const

/** Ignition: tags by their path (`[default]Line3/Force`), in a list, under `tags`, `metrics` or `values`, or one alone. */
const ignition: ItemReader = (root, receiver) => {
  const list = Array.isArray(root) ? (root as unknown[]) : (listAt(root, 'tags') ?? listAt(root, 'metrics') ?? listAt(root, 'values') ?? [root]) // prettier-ignore
  const nameOf = (item: unknown) =>
    isObject(item) && 'value' in item ? ignitionNames.map((key) => text(item[key])).find(Boolean) : undefined
  if (list.length === 0 || !list.every((item) => nameOf(item) !== undefined)) return false
  const outer = isObject(root) && root !== list[0] ? root.timestamp : undefined
  for (const item of list as Item[]) {
    const { value, timestamp = item.t_stamp ?? item.time ?? outer, quality = item.qualityCode, is_null } = item
    const known = isObject(quality) ? (quality.name ?? quality.code ?? quality.value) : quality
    const name = nameOf(item)!.replace(/^\[[^\]]*\]/, '')
    receiver.item({
      name: levels(name),
      value: is_null === true ? null : (value ?? null),
      time: timestamp,
      quality: known,
    })
  }
  return true
}

/**
 * Siemens Industrial Edge connectors: `{"seq": 1, "vals": [{"id": "101", "qc": 3, "ts": "...", "val": 1}]}`. Ids are numbers;
 * the names are in the retained metadata of `ie/m/#`: where that is subscribed with this preset too, they are used.
 */
function siemens(): ItemReader {
  const names = new Map<string, string>()
  return (root, receiver) => {
    if (isObject(root) && Array.isArray(root.connections)) {
      learnNames(root.connections, names)
      return true
    }
    const list = listAt(root, 'vals')
    if (!list?.every(({ id, ...item }) => text(id) !== undefined && 'val' in item)) return false
    for (const { id, val, ts, qc } of list) {
      const known = text(id)!
      const name = names.get(known) ?? known
      // The quality code has OPC's two bits: 0 bad, 1 uncertain, 2 and 3 good.
      const quality = typeof qc === 'number' ? (qc >= 2 ? 'good' : qc === 1 ? 'uncertain' : 'bad') : undefined
      receiver.item({ name: levels(name, '.'), value: val ?? null, time: ts, quality })
    }
    return true
  }
}

/** Ids and names of at most 100,000 data points. */
function learnNames(connections: readonly unknown[], names: Map<string, string>): void {
  for (const connection of connections) {
    const points =
      isObject(connection) && Array.isArray(connection.dataPoints) ? (connection.dataPoints as unknown[]) : []
    for (const point of points) {
      const list = isObject(point) && Array.isArray(point.dataPointDefinitions) ? point.dataPointDefinitions : []
      for (const definition of list as unknown[]) {
        if (!isObject(definition)) continue
        const [id, name] = [text(definition.id), text(definition.name)]
        if (id !== undefined && name !== undefined && names.size < 100_000) names.set(id, name)
      }
    }
  }
}

/** The payloads of products, by the word in the configuration; the more special before the more general. */
export const presets = {
  kepware: { about: 'KEPServerEX IoT Gateway', reader: () => kepware },
  'industrial-edge': { about: 'Siemens Industrial Edge connectors', reader: siemens },
  'opc-publisher': { about: 'Azure OPC Publisher, samples and PubSub', reader: () => opcPublisher },
  senml: { about: 'SenML (RFC 8428), JSON and CBOR', reader: () => senml },
  sitewise: { about: 'AWS IoT SiteWise', reader: () => sitewise },
  neuron: { about: 'EMQX Neuron', reader: () => neuron },
  telegraf: { about: 'Telegraf, data_format = "json"', reader: () => telegraf },
  chirpstack: { about: 'ChirpStack 3 and 4', reader: () => chirpstack },
  'things-stack': { about: 'The Things Stack', reader: () => thingsStack },
  ignition: { about: 'Ignition tags as JSON', reader: () => ignition },
} as const satisfies Record<string, { about: string; reader: () => ItemReader }>

export type PresetName = keyof typeof presets
export const presetNames = Object.keys(presets) as [PresetName, ...PresetName[]]
