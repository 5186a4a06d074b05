import { z } from 'zod'
import { duration, secret, secretFile } from '../../agent/core/index.ts'
import { contents } from './points.ts'

const measurement = (name: string) =>
  z
    .string()
    .regex(/^[A-Za-z][\w.-]*$/, { error: 'expected a letter, then letters, digits, "_", "." or "-"' })
    .default(name)

const shared = {
  url: z
    .url({ protocol: /^https?$/, error: 'expected an address such as http://127.0.0.1:8086' })
    .refine((url) => new URL(url).username === '' && new URL(url).password === '', {
      error: 'must not hold a user name or password: they have keys of their own',
    })
    .describe('Address of the server; a path in front of the API is kept.'),
  linger: duration
    .prefault('1s')
    .describe(
      'How long samples are collected at low rates before they are sent; alarms, verdicts and changes of state leave at once.',
    ),
  batch: z.int().min(1).max(100_000).default(5_000).describe('Most lines in one request.'),
  gzip: z.boolean().default(true).describe('Whether requests are compressed.'),
  timeout: duration.prefault('10s').describe('Longest wait for one answer.'),
  content: z
    .array(z.enum(contents))
    .min(1)
    .default([...contents])
    .describe('What is written.'),
  measurements: z
    .strictObject({
      sensor: measurement('sensor').describe('Cleaned samples; with `_NAME` behind it what `aggregates` make of them.'),
      prediction: measurement('prediction').describe('What monitors conclude.'),
      alarm: measurement('alarm').describe('Changes of alarms.'),
      model: measurement('model').describe('Trainings and promotions of models.'),
      gap: measurement('gap').describe('Samples that are missing for good.'),
      report: measurement('report').describe(
        'What controls of machines say themselves: events and alarms of OPC UA servers.',
      ),
      agent: measurement('agent').describe('The agent itself: process, journal, ledgers.'),
      inspection: measurement('inspection').describe('Verdicts on parts.'),
      correction: measurement('correction').describe('What operators say of parts.'),
      action: measurement('action').describe('Steps of what actions decide.'),
      tag: measurement('tag').describe('What the tags are: unit, type, range; once a start.'),
    })
    .prefault({})
    .describe('Names of the measurements.'),
}

const token = {
  token: secret.optional().describe('Token that may write.'),
  token_file: secretFile.optional().describe('File that holds the token.'),
}

const version1 = z.strictObject({
  version: z.literal(1).describe('InfluxDB 1.x.'),
  ...shared,
  database: z.string().min(1).describe('Database to write to.'),
  username: z.string().optional().describe('User who may write.'),
  password: secret.optional().describe('Password of the user.'),
  password_file: secretFile.optional().describe('File that holds the password.'),
  retention: z
    .strictObject({
      name: z.string().min(1).describe('Name of the retention policy to write to.'),
      duration: z
        .string()
        .regex(/^(INF|(\d+(ns|u|µ|ms|s|m|h|d|w))+)$/, { error: 'expected a duration of InfluxDB such as 90d, or INF' })
        .default('INF')
        .describe('How long the server keeps what is written, where the policy has to be created.'),
    })
    .optional()
    .describe('Retention policy; without it the default one of the database.'),
  create: z.boolean().default(true).describe('Whether a missing database or retention policy is created.'),
})

const version2 = z
  .strictObject({
    version: z.literal(2).describe('InfluxDB 2.x and InfluxDB Cloud.'),
    ...shared,
    org: z.string().min(1).describe('Organisation, by name or id.'),
    bucket: z.string().min(1).describe('Bucket to write to.'),
    ...token,
  })
  .refine((settings) => settings.token ?? settings.token_file, {
    error: 'needs a token: set token or token_file',
    path: ['token'],
  })

const version3 = z.strictObject({
  version: z.literal(3).describe('InfluxDB 3, through its v2 write endpoint.'),
  ...shared,
  database: z.string().min(1).describe('Database to write to.'),
  ...token,
})

/** Settings of the InfluxDB sink. */
export const config = z.discriminatedUnion('version', [version1, version2, version3], {
  error: 'expected version: 1, 2 or 3',
})

export type Settings = z.output<typeof config>
