import { z } from 'zod'
import { duration, secret, secretFile } from '../../agent/core/index.ts'

const part = z
  .string()
  .refine((pattern) => pattern.split('{part}').length <= 2, { error: 'only one {part}' })
  .optional()

/** A folder that a camera writes to. */
export const folderSource = z.strictObject({
  type: z.literal('folder').describe('A folder where a camera drops files.'),
  path: z.string().min(1).describe('The folder.'),
  part: part.describe('Where the part id is in the file name, such as weld_{part}_*.jpg. Other files are left alone.'),
  poll: duration.prefault('500ms').describe('How often the folder is looked at.'),
  steady: z
    .int()
    .min(1)
    .default(2)
    .describe('Looks in a row at which a file must have the same size and time before it is read as complete.'),
  then: z.enum(['delete', 'move', 'keep']).default('move').describe('What becomes of a file after its verdict; move: into the folder `done` beside it. keep: it is only read again when it changes or the agent restarts.'), // prettier-ignore
})

/** Images as MQTT messages. */
export const mqttSource = z.strictObject({
  type: z.literal('mqtt').describe('Images as MQTT messages.'),
  url: z.url().describe('Address of the broker, mqtt:// or mqtts://.'),
  topic: z.string().min(1).describe('Topic or filter with + and #.'),
  part: part.describe('Where the part id is in the topic, such as line3/camera/{part}. Metadata in JSON go before it.'),
  username: z.string().optional().describe('User of the broker.'),
  password: secret.optional().describe('Password of the broker.'),
  password_file: secretFile.optional().describe('File with the password.'),
  qos: z
    .union([z.literal(0), z.literal(1)])
    .default(1)
    .describe('Quality of service of the subscription.'),
})

/** Images by HTTP POST. */
export const httpSource = z.strictObject({
  type: z.literal('http').describe('Images by POST to /api/inspections/STATION/images?part=ID.'),
})

/** Where a station's images come from. */
export const imageSourceConfig = z.discriminatedUnion('type', [folderSource, mqttSource, httpSource])

export type ImageSourceSettings = z.output<typeof imageSourceConfig>
export type FolderSettings = z.output<typeof folderSource>
export type MqttImageSettings = z.output<typeof mqttSource>
