import { z } from 'zod'
import { byteSize, duration } from '../../agent/core/index.ts'
import { brokerFields, brokerProblems, qos, topicFilter } from './broker-settings.ts'
import { formatNames, timeUnits } from './formats/index.ts'
import { templateProblem } from './patterns.ts'

const time = z.union([
  z.literal('arrival'),
  z.strictObject({
    field: z
      .string()
      .min(1)
      .optional()
      .describe('Path of the time in the payload; absent: `ts`, `timestamp` or `time`.'),
    unit: z.enum(timeUnits).default('auto').describe('What a numeric time counts; `auto` tells it by its magnitude.'),
  }),
])

const topic = z.strictObject({
  filter: topicFilter.describe(
    'MQTT topic filter; `+` stands for one level, `#` for the rest. `$share/group/` before it shares the work.',
  ),
  tag: z
    .string()
    .min(1)
    .default('{topic}')
    .describe(
      'Name of the tag. `{1}`, `{2}`: what the first, second `+` stood for; `{#}`: the rest; `{topic}`: all of it; `{field}`: name of ' +
        'the value in the payload (without it, `/` and the name are appended); `{measurement}`, `{tag.name}`: of line protocol.',
    ),
  format: z
    .enum(formatNames)
    .default('auto')
    .describe(
      'How the payload is read; `auto` tells it by its first bytes. `labels`: what people or a laboratory know of an asset or part, such as {"type": "failure", "asset": "line3/pump7", "by": "Mei"}; models learn from it.',
    ),
  qos: qos.optional().describe('Quality of service of this subscription; absent: that of the connector.'),
  time: time
    .prefault({})
    .describe('Where the time of a sample stands; `arrival`: times in the payload are not looked at.'),
  values: z
    .union([z.string().min(1), z.record(z.string().min(1), z.string().min(1))])
    .optional()
    .describe('Path of the value in the payload (`data.0.v`), or a path by field name; absent: every value found.'),
  rate: z
    .number()
    .positive()
    .optional()
    .describe('Samples per second of lists of numbers without a `rate` of their own.'),
  unit: z.string().min(1).optional().describe('Unit of the values.'),
  type: z
    .enum(['number', 'integer', 'boolean', 'text'])
    .optional()
    .describe('Type of the values; they are converted where that loses nothing. Absent: that of the first value.'),
})

const publish = z.strictObject({
  prefix: z
    .string()
    .regex(/^[^+#\0]+$/, { error: 'must not contain + or #' })
    .default('millwright')
    .describe('First levels of every topic.'),
  qos: qos.default(1).describe('Quality of service of predictions; alarms and models are sent with at least 1.'),
  retain: z.boolean().default(true).describe('Whether the broker keeps the newest prediction for later subscribers.'),
  content: z
    .array(z.enum(['predictions', 'alarms', 'models', 'inspections']))
    .min(1)
    .default(['predictions', 'alarms', 'models', 'inspections'])
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
    max_tags: z.int().min(1).default(100_000).describe('Tags this source may create; more become dead letters.'),
    max_unsettled: byteSize
      .prefault('16MB')
      .describe('Bytes received and not durable yet at which reading from the broker pauses.'),
    publish: publish.optional().describe('Publishes results.'),
  })
  .superRefine((settings, context) => {
    const problem = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message })
    if (!settings.topics && !settings.publish) problem(['topics'], 'give topics (a source), publish (a sink), or both')
    for (const { path, message } of brokerProblems(settings)) problem(path, message)
    settings.topics?.forEach((entry, index) => {
      const message = templateProblem(entry.tag, entry.filter)
      if (message !== undefined) problem(['topics', index, 'tag'], message)
    })
  })

export type MqttSettings = z.output<typeof mqttSettings>
export type TopicSettings = NonNullable<MqttSettings['topics']>[number]
export type PublishSettings = NonNullable<MqttSettings['publish']>
