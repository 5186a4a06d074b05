import { z } from 'zod'
import {
  byteSize,
  decimalMark,
  duration,
  heartbeatEvery,
  missingWords,
  timePattern,
  timeUnits,
  timezone,
} from '../../agent/core/index.ts'
import { brokerFields, brokerProblems, qos, topicFilter } from './broker-settings.ts'
import { binaryTypes, encodings, formatNames, presetNames, presets } from './formats/index.ts'
import { templateProblem } from './patterns.ts'

const time = z.union([
  z.literal('arrival'),
  z.strictObject({
    field: z
      .string()
      .min(1)
      .optional()
      .describe('Path of the time in the payload; absent: `ts`, `timestamp` or `time`.'),
    unit: z
      .enum(timeUnits)
      .default('auto')
      .describe(
        'What a numeric time counts; `auto` tells it by its magnitude. `excel`: days since 1899-12-30; `filetime`: 100 ns since 1601.',
      ),
    format: timePattern
      .optional()
      .describe('How times are written, such as `dd.MM.yyyy HH:mm:ss,SSS` or `M/d/yyyy h:mm:ss a`; absent: ISO 8601.'),
    of: z.enum(['first', 'last']).default('first').describe('Which number of a list with a rate the time is that of.'),
  }),
])

const path = z.string().min(1)

const items = z.strictObject({
  list: path.optional().describe('Path of the list, or of an object whose keys are names; absent: the payload itself.'),
  name: path.optional().describe('Path of the name in an item; absent: the keys of the object are the names.'),
  value: path.optional().describe('Path of the value in an item; absent: the item itself.'),
  time: path.optional().describe('Path of the time in an item; absent: that of the payload.'),
  quality: path.optional().describe('Path of the quality in an item.'),
  unit: path.optional().describe('Path of the unit in an item.'),
  separator: z.string().min(1).optional().describe('What separates the levels of names, such as `.`; it becomes `/`.'),
  strip: z.string().min(1).optional().describe('What names begin with and is left out.'),
})

const binaryValue = {
  type: z
    .enum(binaryTypes)
    .describe(
      'Number in the bytes: `u` without and `i` with sign, `f` floating; bits; order of the bytes (`cdab`: swapped words).',
    ),
  offset: z.int().min(0).default(0).describe('Bytes before it.'),
  scale: z.number().default(1).describe('By what it is multiplied.'),
  add: z.number().default(0).describe('What is added after that.'),
  bit: z.int().min(0).max(63).optional().describe('Only this bit, 0 the lowest, as a boolean.'),
}
const from = z.enum(encodings).describe('How the bytes are written; `binary`: as they are.')

const decode = z.union([
  z.strictObject({ from, ...binaryValue }),
  z.strictObject({
    from,
    values: z.record(z.string().min(1), z.strictObject(binaryValue)).describe('Numbers by the name of their field.'),
  }),
])

const valueType = z.enum(['number', 'integer', 'boolean', 'text'])

const topic = z.strictObject({
  filter: topicFilter.describe(
    'MQTT topic filter; `+` stands for one level, `#` for the rest. `$share/group/` before it shares the work.',
  ),
  tag: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Name of the tag; absent: `{topic}`, with a preset `{item}`. `{1}`, `{2}`: what the first, second `+` stood for; `{#}`: the rest; `{topic}`: all of it; `{field}`: name of ' +
        'the value in the payload (without it, `/` and the name are appended); `{item}`: name of an item of a list, likewise; ' +
        '`{measurement}`, `{tag.name}`: of line protocol.',
    ),
  format: z
    .enum(formatNames)
    .default('auto')
    .describe(
      'How the payload is read; `auto` tells it by its first bytes. `labels`: what people or a laboratory know of an asset or part, such as {"type": "failure", "asset": "line3/pump7", "by": "Mei"}; models learn from it. `orders`: {"order": "approve", "decision": ID, "by": "Mei"}, also `refuse`, and `stop` without a decision: whoever may publish there orders as an operator.',
    ),
  qos: qos.optional().describe('Quality of service of this subscription; absent: that of the connector.'),
  time: time
    .prefault({})
    .describe('Where the time of a sample stands; `arrival`: times in the payload are not looked at.'),
  values: z
    .union([z.string().min(1), z.record(z.string().min(1), z.string().min(1))])
    .optional()
    .describe('Path of the value in the payload (`data.0.v`), or a path by field name; absent: every value found.'),
  items: items.optional().describe('How a list of named values is read.'),
  preset: z
    .enum(presetNames)
    .optional()
    .describe(
      `Payloads of a product: ${Object.entries(presets)
        .map(([name, { about }]) => `\`${name}\` (${about})`)
        .join(', ')}. Without \`tag\` the names in it are the tags.`,
    ),
  decode: decode.optional().describe('Numbers in bytes: of the payload, or of the text at `values`.'),
  timezone: timezone
    .optional()
    .describe(
      'Where the clock stands that writes times without a zone, such as Europe/Berlin; absent: UTC. What it shows twice in autumn is the time nearer to the arrival, uncertain where that is not clear; what it skips in spring is put aside.',
    ),
  decimal: decimalMark
    .optional()
    .describe('Decimal mark of numbers in texts; the other mark, blanks and apostrophes may then part thousands.'),
  missing: z
    .array(z.string())
    .optional()
    .describe(`Words that stand for no value and become bad samples, in any case; absent: ${missingWords.join(', ')}.`),
  rate: z
    .number()
    .positive()
    .optional()
    .describe('Samples per second of lists of numbers without a `rate` of their own.'),
  unit: z
    .union([z.string().min(1), z.record(z.string().min(1), z.string().min(1))])
    .optional()
    .describe('Unit of the values, or units by field name.'),
  type: z
    .union([valueType, z.record(z.string().min(1), valueType)])
    .optional()
    .describe(
      'Type of the values, or types by field name; they are converted where that loses nothing. A tag that has another type gets this one. Absent: that of the first value.',
    ),
})

/** Settings that cannot both say how a payload is read. */
const exclusive = [
  ['items', 'preset'],
  ['items', 'values'],
  ['preset', 'values'],
] as const

const publish = z.strictObject({
  prefix: z
    .string()
    .regex(/^[^+#\0]+$/, { error: 'must not contain + or #' })
    .default('millwright')
    .describe('First levels of every topic.'),
  qos: qos.default(1).describe('Quality of service of predictions; alarms and models are sent with at least 1.'),
  every: z
    .boolean()
    .default(false)
    .describe('Also publishes every prediction, not only the newest, at `.../every` below its topic, not retained.'),
  retain: z.boolean().default(true).describe('Whether the broker keeps the newest prediction for later subscribers.'),
  content: z
    .array(z.enum(['predictions', 'alarms', 'models', 'inspections', 'reports', 'actions']))
    .min(1)
    .default(['predictions', 'alarms', 'models', 'inspections', 'reports', 'actions'])
    .describe('What is published.'),
})

/** Settings of an MQTT connector: a source where `topics` is given, a sink where `publish` is. */
export const mqttSettings = z
  .strictObject({
    type: z.literal('mqtt').describe('This connector.'),
    ...brokerFields,
    client_id: brokerFields.client_id.describe(
      'Names the session at the broker; absent: millwright-, site and name of the connector. The sink appends -out.',
    ),
    clean: z
      .boolean()
      .default(false)
      .describe('True: the broker forgets the session on disconnect, and messages in the meantime are lost.'),
    session_expiry: duration
      .prefault('7d')
      .describe('How long the broker keeps the session of an agent that is away (MQTT 5; 3.1.1: the broker decides).'),
    qos: qos.default(1).describe('Quality of service of subscriptions. With 0 nothing is sent again after an outage.'),
    topics: z
      .array(topic)
      .min(1)
      .optional()
      .describe('What is subscribed, and how it becomes samples; the first filter that matches counts.'),
    max_payload: byteSize.prefault('1MB').describe('Larger payloads become dead letters.'),
    max_depth: z.int().min(1).max(64).default(8).describe('Payloads nested deeper become dead letters.'),
    max_samples: z
      .int()
      .min(1)
      .default(200_000)
      .describe('Values of one message; the rest of it is left out, with a dead letter.'),
    max_text: z.int().min(1).default(10_000).describe('Characters of a text value; longer ones become dead letters.'),
    max_decode: duration.prefault('2s').describe('Longest time for one message; the rest of it is left out.'),
    max_tags: z
      .int()
      .min(1)
      .default(100_000)
      .describe('Tags this source may create at once, and in a day after that; more become dead letters.'),
    max_new_tags: z.int().min(1).default(5_000).describe('Tags one message may create; more become dead letters.'),
    max_unsettled: byteSize
      .prefault('16MB')
      .describe('Bytes received and not durable yet at which reading from the broker pauses.'),
    heartbeat: z
      .strictObject({
        topic: z.string().regex(/^[^+#\0]+$/, { error: 'must not contain + or #' }).describe('The topic, retained.'), // prettier-ignore
        every: heartbeatEvery,
      })
      .optional()
      .describe('A message {"state": "alive", "count": 7, ...} as long as pipeline and actions make progress; {"state": "gone"} at the end of the agent, and as the last will of its connection. Absent: none is.'), // prettier-ignore
    publish: publish.optional().describe('Publishes results.'),
  })
  .superRefine((settings, context) => {
    const problem = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message })
    if (!settings.topics && !settings.publish) problem(['topics'], 'give topics (a source), publish (a sink), or both')
    for (const { path, message } of brokerProblems(settings)) problem(path, message)
    settings.topics?.forEach((entry, index) => {
      const message = templateProblem(templateOf(entry), entry.filter)
      if (message !== undefined) problem(['topics', index, 'tag'], message)
      for (const [word, other] of exclusive)
        if (entry[word] !== undefined && entry[other] !== undefined)
          problem(['topics', index, word], `give ${word} or ${other}, not both`)
      if (entry.tag?.includes('{item}') && !entry.items && !entry.preset)
        problem(['topics', index, 'tag'], '{item} needs items or a preset')
    })
  })

export type MqttSettings = z.output<typeof mqttSettings>
export type TopicSettings = NonNullable<MqttSettings['topics']>[number]
export type PublishSettings = NonNullable<MqttSettings['publish']>

/** The template of the tags of a topic. */
export function templateOf({ tag, preset }: Pick<TopicSettings, 'tag' | 'preset'>): string {
  return tag ?? (preset ? '{item}' : '{topic}')
}
