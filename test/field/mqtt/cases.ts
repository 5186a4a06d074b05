// Longer than others: one table, which is read from top to bottom.
import type { Settings } from '../../connectors/mqtt/harness.ts'

/** A payload as a product sends it, the rule a user writes for it, and what must come out. */
export interface FieldCase {
  readonly name: string
  /** Whose payload it is, or where its form is documented. */
  readonly source: string
  readonly topic: string
  readonly rule: NonNullable<Settings['topics']>[number]
  readonly payload: string | Uint8Array
  /** `[tag, value, ms since epoch or null for the arrival, quality]`; a value of null is missing. */
  readonly samples: readonly (readonly [string, number | string | boolean | null, number | null, string])[]
  /** Units that tags must have. */
  readonly units?: Readonly<Record<string, string>>
  /** Reason and words of a dead letter. */
  readonly letter?: readonly [reason: string, words: RegExp]
}

const json = JSON.stringify
/** 2025-03-14T09:26:53Z */
const t = Date.UTC(2025, 2, 14, 9, 26, 53)
const iso = '2025-03-14T09:26:53Z'
const [good, uncertain, bad] = ['good', 'uncertain', 'bad']

/** Lists of named values, by preset and by rule. */
export const lists: readonly FieldCase[] = [
  {
    name: 'Kepware, three ids at two times',
    source: 'KEPServerEX IoT Gateway, standard template',
    topic: 'iot',
    rule: { filter: 'iot', preset: 'kepware' },
    payload: json({
      timestamp: t + 9,
      values: [
        { id: 'Mixer.Drive.Speed', v: 1480, q: true, t },
        { id: 'Mixer.Drive.Load', v: 0.62, q: true, t: t + 5 },
        { id: 'Mixer.Lid', v: true, q: false, t },
      ],
    }),
    samples: [
      ['Mixer/Drive/Speed', 1480, t, good],
      ['Mixer/Drive/Load', 0.62, t + 5, good],
      ['Mixer/Lid', true, t, bad],
    ],
  },
  {
    name: 'Kepware below a topic of its own',
    source: 'KEPServerEX IoT Gateway',
    topic: 'iot/hall2',
    rule: { filter: 'iot/+', preset: 'kepware', tag: '{1}/{item}' },
    payload: json({ timestamp: t, values: [{ id: 'A.B', v: null, q: false, t }] }),
    samples: [['hall2/A/B', null, t, bad]],
  },
  {
    name: 'Siemens Industrial Edge without metadata: ids',
    source: 'SIMATIC S7 Connector, Databus payload',
    topic: 'ie/d/j/simatic/v1/s7c1/dp/r/plc1/default',
    rule: { filter: 'ie/d/#', preset: 'industrial-edge', tag: 'plc1/{item}' },
    payload: json({
      seq: 7,
      vals: [
        { id: '101', qc: 3, ts: iso, val: 21.5 },
        { id: '102', qc: 0, ts: iso, val: 3 },
        { id: '103', qc: 1, ts: iso, val: 4 },
      ],
    }),
    samples: [
      ['plc1/101', 21.5, t, good],
      ['plc1/102', 3, t, bad],
      ['plc1/103', 4, t, uncertain],
    ],
  },
  {
    name: 'OPC Publisher, one sample alone',
    source: 'Azure OPC Publisher, samples mode',
    topic: 'opc',
    rule: { filter: 'opc', preset: 'opc-publisher' },
    payload: json({
      NodeId: 'nsu=http://plant/;s=Oven.Zone1',
      EndpointUrl: 'opc.tcp://plc:4840',
      Value: { Value: 812.5, SourceTimestamp: iso },
    }),
    samples: [['Oven/Zone1', 812.5, t, good]],
  },
  {
    name: 'OPC Publisher, samples with status names and codes',
    source: 'Azure OPC Publisher, samples mode, batched',
    topic: 'opc',
    rule: { filter: 'opc', preset: 'opc-publisher', tag: 'oven/{item}' },
    payload: json([
      { NodeId: 'i=7', DisplayName: 'Zone1', Value: { Value: 1, StatusCode: { Code: 2150891520, Symbol: 'BadNoData' }, SourceTimestamp: iso } }, // prettier-ignore
      { NodeId: 'i=8', DisplayName: 'Zone2', Status: 'UncertainLastUsableValue', Value: 2, Timestamp: iso },
      { NodeId: 'i=9', DisplayName: 'Zone3', Value: { StatusCode: 2147483648, SourceTimestamp: iso } },
    ]),
    samples: [
      ['oven/Zone1', 1, t, bad],
      ['oven/Zone2', 2, t, uncertain],
      ['oven/Zone3', null, t, bad],
    ],
  },
  {
    name: 'OPC UA PubSub, several messages, variants and raw values',
    source: 'OPC UA Part 14, JSON mapping',
    topic: 'pubsub',
    rule: { filter: 'pubsub', preset: 'opc-publisher' },
    payload: json([
      {
        MessageId: '1',
        MessageType: 'ua-data',
        Messages: [
          { DataSetWriterId: 4, Timestamp: iso, Payload: { Flow: { Value: { Type: 11, Body: 2.5 } }, Run: true } },
          { DataSetWriterName: 'P8', Timestamp: iso, Payload: { 'nsu=urn:x;s=In.Temp': { Value: 40 } } },
        ],
      },
      { MessageId: '2', MessageType: 'ua-data', Messages: [{ DataSetWriterId: 5, Timestamp: iso, Payload: { A: 1 } }] },
    ]),
    samples: [
      ['4/Flow', 2.5, t, good],
      ['4/Run', true, t, good],
      ['P8/In/Temp', 40, t, good],
      ['5/A', 1, t, good],
    ],
  },
  {
    name: 'Ignition tag list',
    source: 'Ignition, tags written as JSON by a script',
    topic: 'ign',
    rule: { filter: 'ign', preset: 'ignition' },
    payload: json({
      tags: [
        { fullPath: '[default]Line1/Temp', value: 71.5, quality: { code: 192, name: 'Good' }, timestamp: t },
        { fullPath: '[default]Line1/Level', value: null, quality: { code: 0, name: 'Bad_Stale' }, timestamp: t },
      ],
    }),
    samples: [
      ['Line1/Temp', 71.5, t, good],
      ['Line1/Level', null, t, bad],
    ],
  },
  {
    name: 'Ignition metrics with their own and common times',
    source: 'Cirrus Link injectors, JSON',
    topic: 'ign',
    rule: { filter: 'ign', preset: 'ignition', tag: 'a/{item}' },
    payload: json({
      timestamp: t,
      metrics: [
        { name: 'Temp', timestamp: t + 1, dataType: 'Float', value: 1.5 },
        { name: 'Run', dataType: 'Boolean', value: false },
      ],
    }),
    samples: [
      ['a/Temp', 1.5, t + 1, good],
      ['a/Run', false, t, good],
    ],
  },
  {
    name: 'SenML with base value, absolute and relative times',
    source: 'RFC 8428, 5.1.3',
    topic: 's',
    rule: { filter: 's', preset: 'senml' },
    payload: json([
      { bn: 'urn:dev:ow:10e2073a01080063:', bt: t / 1000, bu: 'Cel', bv: 20, n: 'temp', v: 3.5 },
      { n: 'temp', t: -10, v: 3 },
      { n: 'hum', u: '%RH', t: 1, v: 40 },
      { n: 'door', vs: 'open' },
    ]),
    samples: [
      ['ow/10e2073a01080063/temp', 23.5, t, good],
      ['ow/10e2073a01080063/temp', 23, t - 10_000, good],
      ['ow/10e2073a01080063/hum', 60, t + 1000, good],
      ['ow/10e2073a01080063/door', 'open', t, good],
    ],
    units: { 'ow/10e2073a01080063/hum': '%RH' },
  },
  {
    name: 'SenML in CBOR',
    source: 'RFC 8428, 6',
    topic: 's',
    rule: { filter: 's', preset: 'senml' },
    payload: Uint8Array.from([0x81, 0xa3, 0x21, 0x62, 0x70, 0x3a, 0x00, 0x61, 0x61, 0x02, 0xf9, 0x3e, 0x00]),
    samples: [['p/a', 1.5, null, good]],
  },
  {
    name: 'SiteWise, a batch with asset ids',
    source: 'AWS IoT SiteWise, BatchPutAssetPropertyValue',
    topic: 'sw',
    rule: { filter: 'sw', preset: 'sitewise' },
    payload: json({
      entries: [
        { entryId: '1', propertyAlias: '/mill/p7/temp', propertyValues: [{ value: { integerValue: 41 }, timestamp: { timeInSeconds: t / 1000, offsetInNanos: 5e6 }, quality: 'UNCERTAIN' }] }, // prettier-ignore
        { entryId: '2', assetId: 'a1', propertyId: 'p2', propertyValues: [{ value: { booleanValue: true }, timestamp: { timeInSeconds: t / 1000 } }] }, // prettier-ignore
      ],
    }),
    samples: [
      ['mill/p7/temp', 41, t + 5, uncertain],
      ['a1/p2', true, t, good],
    ],
  },
  {
    name: 'Neuron, values and errors',
    source: 'EMQX Neuron, values format',
    topic: 'neuron/modbus/grp',
    rule: { filter: 'neuron/#', preset: 'neuron' },
    payload: json({ node: 'modbus', group: 'grp', timestamp: t, values: { speed: 1480 }, errors: { load: 3003 } }),
    samples: [
      ['modbus/grp/speed', 1480, t, good],
      ['modbus/grp/load', null, t, bad],
    ],
  },
  {
    name: 'Neuron, tags format',
    source: 'EMQX Neuron, tags format',
    topic: 'neuron/modbus/grp',
    rule: { filter: 'neuron/#', preset: 'neuron', tag: '{item}' },
    payload: json({
      node: 'm',
      group: 'g',
      timestamp: t,
      tags: [
        { name: 'a', value: 1 },
        { name: 'b', error: 3003 },
      ],
    }),
    samples: [
      ['m/g/a', 1, t, good],
      ['m/g/b', null, t, bad],
    ],
  },
  {
    name: 'Telegraf, a batch of two hosts',
    source: 'Telegraf, JSON serializer',
    topic: 'telegraf',
    rule: { filter: 'telegraf', preset: 'telegraf' },
    payload: json({
      metrics: [
        { name: 'cpu', tags: { host: 'a', cpu: 'cpu0' }, fields: { idle: 90.5 }, timestamp: t / 1000 },
        { name: 'cpu', tags: { host: 'b', cpu: 'cpu0' }, fields: { idle: 20.5 }, timestamp: t / 1000 },
      ],
    }),
    samples: [
      ['cpu/cpu0/a/idle', 90.5, t, good],
      ['cpu/cpu0/b/idle', 20.5, t, good],
    ],
  },
  {
    name: 'ChirpStack 4',
    source: 'ChirpStack, event/up',
    topic: 'application/1/device/70b3/event/up',
    rule: { filter: 'application/+/device/+/event/up', preset: 'chirpstack' },
    payload: json({
      deduplicationId: '3ac7e3c4',
      time: iso,
      deviceInfo: { deviceName: 'tank-3', devEui: '70b3d57ed0000001' },
      fPort: 2,
      object: { level: 1.25, battery: { voltage: 3.6 } },
      rxInfo: [{ gatewayId: 'g1', rssi: -90 }],
    }),
    samples: [
      ['tank-3/level', 1.25, t, good],
      ['tank-3/battery/voltage', 3.6, t, good],
    ],
  },
  {
    name: 'The Things Stack',
    source: 'The Things Stack, uplink message',
    topic: 'v3/app/devices/d1/up',
    rule: { filter: 'v3/+/devices/+/up', preset: 'things-stack' },
    payload: json({
      end_device_ids: { device_id: 'd1' },
      received_at: iso,
      uplink_message: { decoded_payload: { t: 4 } },
    }),
    samples: [['d1/t', 4, t, good]],
  },
  {
    name: 'a rule with quality, unit and levels in the name',
    source: 'in-house gateway',
    topic: 'gw',
    rule: {
      filter: 'gw',
      tag: 'hall/{item}',
      items: { list: 'd.points', name: 'point', value: 'val', time: 'at', quality: 'st', unit: 'uom', separator: '|' },
    },
    payload: json({
      d: { points: [{ point: 'a|b', val: 2.5, at: iso, st: 'uncertain', uom: 'bar' }, { point: 'c' }] },
    }),
    samples: [
      ['hall/a/b', 2.5, t, uncertain],
      ['hall/c', null, null, bad],
    ],
    units: { 'hall/a/b': 'bar' },
  },
  {
    name: 'a rule for an object of named objects',
    source: 'Node-RED flow',
    topic: 'nr',
    rule: { filter: 'nr', tag: '{item}', items: { list: 'values', value: 'v', time: 't' } },
    payload: json({ values: { 'A.1': { v: 1, t }, B: { v: 2, t: t + 1 }, C: 3 } }),
    samples: [
      ['A.1', 1, t, good],
      ['B', 2, t + 1, good],
      ['C', 3, null, good],
    ],
  },
  {
    name: 'a rule for one named value alone, several signals on one topic',
    source: 'gateway with one topic',
    topic: 'one',
    rule: { filter: 'one', tag: '{item}', items: { name: 'sensor', value: 'value', time: 'ts' } },
    payload: json({ sensor: 's1', value: 4, ts: t }),
    samples: [['s1', 4, t, good]],
  },
  ...(
    [
      ['kepware', { timestamp: t, values: [{ id: 'A.B', v: 1, q: true, t }] }],
      ['industrial-edge', { seq: 1, vals: [{ id: '101', qc: 3, ts: iso, val: 1 }] }],
      ['opc-publisher', [{ NodeId: 'ns=2;s=A', Value: { Value: 1, SourceTimestamp: iso } }]],
      [
        'senml',
        [
          { n: 'a', v: 1 },
          { n: 'b', v: 2 },
        ],
      ],
      ['ignition', [{ fullPath: '[default]A/B', value: 1, timestamp: t }]],
      ['neuron', { node: 'n', group: 'g', timestamp: t, tags: [{ name: 'a', value: 1 }] }],
      ['telegraf', { metrics: [{ name: 'cpu', tags: { host: 'a' }, fields: { idle: 1 }, timestamp: 1 }] }],
      ['chirpstack', { deviceInfo: { devEui: '70b3' }, object: { a: 1 }, rxInfo: [{ gatewayId: 'g', id: 'x' }] }],
      ['items: { list: points, name: key, value: val, time: at }', { points: [{ key: 'a', val: 1, timestamp: t }] }],
    ] as const
  ).map(([named, payload]): FieldCase => ({
    name: `no rule: refused, and ${named} named`,
    source: 'a configuration that does not say what is what',
    topic: 'x',
    rule: { filter: 'x' },
    payload: json(payload),
    samples: [],
    letter: [
      'unmapped',
      new RegExp(named.includes('items') ? 'items: \\{ list: points, name: key, value: val' : `preset: ${named}`),
    ],
  })),
]
