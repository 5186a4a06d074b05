import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { connect as connectTcp, isIP } from 'node:net'
import { Duplex } from 'node:stream'
import { connect as connectTls, type SecureContextOptions } from 'node:tls'
import type { MqttClient } from 'mqtt'
import type * as Websocket from 'mqtt/lib/connect/ws'
import { later } from '../../agent/core/index.ts'
import type { BrokerSettings } from './broker-settings.ts'

const require = createRequire(import.meta.url)
const websocket = later(() => require('mqtt/lib/connect/ws') as typeof Websocket)
const defaultPorts: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883, 'ws:': 80, 'wss:': 443 }

/**
 * Opens the byte stream to the broker. Certificates are read each time, so that renewed ones are used at the next
 * connection. Throws where a file cannot be read. The broker's certificate is always verified.
 */
export function openStream(settings: BrokerSettings, client: MqttClient): Duplex {
  const url = new URL(settings.url)
  const port = Number(url.port) || defaultPorts[url.protocol]
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const { servername } = settings.tls
  if (url.protocol === 'mqtt:') return connectTcp({ host, port, noDelay: true })
  if (url.protocol === 'mqtts:') {
    const name = servername ?? (isIP(host) ? undefined : host)
    return connectTls({ host, port, ...certificates(settings), ...(name !== undefined && { servername: name }) })
  }
  const protocol = url.protocol === 'wss:' ? 'wss' : 'ws'
  const path = `${url.pathname}${url.search}`
  const wsOptions = protocol === 'wss' ? { ...certificates(settings), servername } : {}
  const stream: unknown = websocket().streamBuilder(client, { protocol, hostname: url.hostname, port, path, wsOptions })
  if (!(stream instanceof Duplex)) throw new TypeError('the websocket is no stream')
  return stream
}

function certificates({ tls }: BrokerSettings): SecureContextOptions {
  const passphrase = (tls.passphrase ?? tls.passphrase_file)?.current()
  return {
    minVersion: 'TLSv1.2',
    ...(tls.ca !== undefined && { ca: readFileSync(tls.ca) }),
    ...(tls.cert !== undefined && { cert: readFileSync(tls.cert) }),
    ...(tls.key !== undefined && { key: readFileSync(tls.key) }),
    ...(passphrase !== undefined && { passphrase }),
  }
}
