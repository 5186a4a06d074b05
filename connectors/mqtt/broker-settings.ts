import { z } from 'zod'
import { duration, secret, secretFile } from '../../agent/core/index.ts'
import { filterProblem } from './patterns.ts'

export const qos = z.union([z.literal(0), z.literal(1), z.literal(2)], { error: 'expected 0, 1 or 2' })

/** What can be subscribed. */
export const topicFilter = z.string().superRefine((text, context) => {
  const message = filterProblem(text)
  if (message !== undefined) context.addIssue({ code: 'custom', message })
})

const tls = z.strictObject({
  ca: z.string().min(1).optional().describe('File of the certificate authority (PEM); absent: those of the system.'),
  cert: z.string().min(1).optional().describe('File of the client certificate (PEM).'),
  key: z.string().min(1).optional().describe('File of the private key of the client certificate (PEM).'),
  passphrase: secret.optional().describe('Passphrase of the private key.'),
  passphrase_file: secretFile.optional().describe('File that holds the passphrase.'),
  servername: z.string().min(1).optional().describe('Name the certificate of the broker is for, if not the host.'),
})

/** How a broker is reached: the same for all that connect to one. To be checked by `brokerProblems`. */
export const brokerFields = {
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
  client_id: z.string().min(1).optional().describe('Names the session at the broker.'),
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
}

export type BrokerSettings = z.output<z.ZodObject<typeof brokerFields>>

/** What does not go together, by its path. */
export function* brokerProblems(settings: BrokerSettings): Generator<{ path: string[]; message: string }> {
  const given = settings.password ?? settings.password_file
  if (settings.password && settings.password_file)
    yield { path: ['password'], message: 'give password or password_file, not both' }
  if (given && settings.username === undefined) yield { path: ['username'], message: 'a password needs a username' }
  const { cert, key, passphrase, passphrase_file } = settings.tls
  if ((cert === undefined) !== (key === undefined)) yield { path: ['tls'], message: 'cert and key belong together' }
  if (passphrase && passphrase_file)
    yield { path: ['tls', 'passphrase'], message: 'give passphrase or passphrase_file, not both' }
  if (!URL.canParse(settings.url)) return
  const { protocol, username, password } = new URL(settings.url)
  if (username !== '' || password !== '')
    yield { path: ['url'], message: 'use username and password_file, not the address' }
  if (Object.keys(settings.tls).length > 0 && (protocol === 'mqtt:' || protocol === 'ws:'))
    yield { path: ['tls'], message: `${protocol}// has no TLS: use mqtts or wss` }
}
