import { z } from 'zod'
import { byteSize, duration, secret, secretFile } from '../../agent/core/index.ts'
import { formatNames, timeUnits } from './formats/index.ts'
import { filterProblem, templateProblem } from './patterns.ts'

const qos = z.union([z.literal(0), z.literal(1), z.literal(2)], { error: 'expected 0, 1 or 2' })

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
  filter: z
    .string()
    .superRefine((text, context) => {
      const message = filterProblem(text)
      if (message !== undefined) context.addIssue({ code: 'custom', message })
    })
    .describe(
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

const tls = z.strictObject({
  ca: z.string().min(1).optional().describe('File of the certificate authority (PEM); absent: those of the system.'),
  cert: z.string().min(1).optional().describe('File of the client certificate (PEM).'),
  key: z.string().min(1).optional().describe('File of the private key of the client certificate (PEM).'),
  passphrase: secret.optional().describe('Passphrase of the private key.'),
  passphrase_file: secretFile.optional().describe('File that holds the passphrase.'),
  servername: z.string().min(1).optional().describe('Name the certificate of the broker is for, if not the host.'),
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
    url: z
      .url({
        protocol: /^(mqtts?|wss?)$/,
        error: 'expected an address such as mqtt://broker:1883 (mqtt, mqtts, ws or wss)',
      })
      .describe('Address of the broker: mqtt, mqtts, ws or wss.'),
    version: z
      .union([z.literal('3.1.1'), z.literal(5), z.literal('5')], { error: 'expected 3.1.1 or 5' })
      .default(5)
      .transform((version) => (version === '3.1.1' ? 4 : 5))
      .describe('Version of MQTT.'),
    client_id: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Names the session at the broker; absent: millwright-, site and name of the connector. The sink appends -out.',
      ),
    username: z.string().min(1).optional().describe('User name.'),
    password: secret.optional().describe('Password; better in a file.'),
    password_file: secretFile.optional().describe('File that holds the password.'),
    tls: tls.prefault({}).describe('Certificates, for mqtts and wss.'),
    keepalive: duration.prefault('30s').describe('Longest silence before a ping.'),
    connect_timeout: duration.prefault('10s').describe('Longest wait for the broker to accept a connection.'),
    reconnect: z
      .strictObject({
        first: duration.prefault('500ms').describe('Wait before the first try.'),
        longest: duration.prefault('30s').describe('The wait doubles with each failed try, up to this.'),
      })
      .prefault({})
      .describe('How long to wait before connecting again.'),
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
    if (settings.password && settings.password_file) problem(['password'], 'give password or password_file, not both')
    if ((settings.password ?? settings.password_file) && settings.username === undefined) {
      problem(['username'], 'a password needs a username')
    }
    const { cert, key, passphrase, passphrase_file } = settings.tls
    if ((cert === undefined) !== (key === undefined)) problem(['tls'], 'cert and key belong together')
    if (passphrase && passphrase_file) problem(['tls', 'passphrase'], 'give passphrase or passphrase_file, not both')
    if (!URL.canParse(settings.url)) return
    const { protocol, username, password } = new URL(settings.url)
    if (username !== '' || password !== '') problem(['url'], 'use username and password_file, not the address')
    if (Object.keys(settings.tls).length > 0 && (protocol === 'mqtt:' || protocol === 'ws:'))
      problem(['tls'], `${protocol}// has no TLS: use mqtts or wss`)
    settings.topics?.forEach((entry, index) => {
      const message = templateProblem(entry.tag, entry.filter)
      if (message !== undefined) problem(['topics', index, 'tag'], message)
    })
  })

export type MqttSettings = z.output<typeof mqttSettings>
export type TopicSettings = NonNullable<MqttSettings['topics']>[number]
export type PublishSettings = NonNullable<MqttSettings['publish']>
