import { z } from 'zod'
import { duration } from '../../agent/core/index.ts'
import { brokerFields, brokerProblems, qos, topicFilter } from '../mqtt/broker-settings.ts'
import { nodeId } from '../opcua/settings.ts'

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
export const mqttSource = z
  .strictObject({
    type: z.literal('mqtt').describe('Images as MQTT messages.'),
    ...brokerFields,
    client_id: brokerFields.client_id.describe(
      'Names the session at the broker; absent: millwright-, site and name of the station, -images.',
    ),
    topic: topicFilter.describe('Topic or filter with + and #.'),
    part: part.describe(
      'Where the part id is in the topic, such as line3/camera/{part}. Metadata in JSON go before it.',
    ),
    qos: qos.default(1).describe('Quality of service of the subscription.'),
  })
  .superRefine((settings, context) => {
    for (const { path, message } of brokerProblems(settings)) context.addIssue({ code: 'custom', path, message })
  })

/** Images by HTTP POST. */
export const httpSource = z.strictObject({
  type: z.literal('http').describe('Images by POST to /api/inspections/STATION/images?part=ID.'),
})

/** Names of the items of an OPC UA source of images. */
export const imageTag = 'image'
export const partTag = 'part'

/** Images as the value of a node. */
export const opcuaSource = z.strictObject({
  type: z.literal('opcua').describe('Images as the value of an OPC UA node, a ByteString or an array of Byte.'),
  connector: z.string().min(1).describe('The opcua connector whose server has the node; the station has its own session.'), // prettier-ignore
  image: nodeId.describe('The node with the image; each update is one, even where the bytes are the same.'),
  part: nodeId
    .optional()
    .describe('The node with the part id, written before the image: its newest value at the time of the image counts.'),
  queue: z.int().min(1).default(10).describe('Images and part ids the server keeps between two publications.'),
  sampling: duration.prefault('0ms').describe('How often the server samples the nodes. `0ms`: each change, if it can.'),
  publishing: duration.prefault('100ms').describe('How often the server sends what changed.'),
})

/** Where a station's images come from. */
export const imageSourceConfig = z.discriminatedUnion('type', [folderSource, mqttSource, httpSource, opcuaSource])

export type ImageSourceSettings = z.output<typeof imageSourceConfig>
export type FolderSettings = z.output<typeof folderSource>
export type OpcuaImageSettings = z.output<typeof opcuaSource>
export type MqttImageSettings = z.output<typeof mqttSource>
