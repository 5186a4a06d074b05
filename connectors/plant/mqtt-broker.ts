import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { Aedes } from 'aedes'
import { Quality } from '../../agent/core/index.ts'
import type { PlantTag } from './layout.ts'
import type { Measurement } from './signals.ts'

export interface PlantBroker {
  /** `mqtt://127.0.0.1:port`. */
  readonly brokerUrl: string
  /** Publishes `{"ts": ms since epoch, "value": number}` at QoS 1; nothing where the value is bad. */
  publish(tag: PlantTag, measurement: Measurement, time: number): void
  /** Publishes a message at QoS 1. */
  send(topic: string, payload: string | Uint8Array): void
  close(): Promise<void>
}

/** An MQTT 3.1.1 broker on loopback, without authentication: a simulation. Only the plant publishes under `plant/` and `camera/`. */
export async function startBroker(port: number): Promise<PlantBroker> {
  const { Aedes } = await import('aedes')
  const broker = await Aedes.createBroker({
    authorizePublish: (_client, { topic }, done) =>
      done(/^(plant\/|camera\/|\$)/.test(topic) ? new Error('only the simulated plant publishes there') : null),
  })
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    broker.handle(socket)
  })
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
  } catch (error) {
    await closeBroker(broker)
    throw error
  }
  return {
    brokerUrl: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    publish: publisher(broker),
    send: (topic, payload) => send(broker, topic, payload),
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      await closeBroker(broker)
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function publisher(broker: Aedes): PlantBroker['publish'] {
  return (tag, { value, lost, quality }, time) => {
    if (tag.topic === undefined || lost || quality === Quality.bad) return
    send(broker, tag.topic, JSON.stringify({ ts: time, value }))
  }
}

function send(broker: Aedes, topic: string, payload: string | Uint8Array): void {
  const bytes = typeof payload === 'string' ? payload : Buffer.from(payload)
  broker.publish({ cmd: 'publish', topic, payload: bytes, qos: 1, retain: false, dup: false }, () => undefined)
}

function closeBroker(broker: Aedes): Promise<void> {
  return new Promise((resolve) => broker.close(resolve))
}
