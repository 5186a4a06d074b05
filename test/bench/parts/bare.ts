import { connectAsync } from 'mqtt'
import { now } from './plant.ts'
import type { ReceiverTold } from './receiver.ts'

/** A bare mqtt.js subscriber that only counts. */
async function receive({ url, qos }: { url: string; qos: 0 | 1 }): Promise<void> {
  const client = await connectAsync(url, { protocolVersion: 5, clientId: 'bare' })
  let received = 0
  client.on('message', () => received++)
  await client.subscribeAsync('plant/#', { qos })
  const timer = setInterval(() => {
    if (!process.connected) return
    const told: ReceiverTold = { received, idle: true, rejected: 0, time: now(), predictions: 0, model: '' }
    process.send!(told)
  }, 10)
  process.once('disconnect', () => {
    clearInterval(timer)
    void client.endAsync(true)
  })
}

process.once('message', (job: { url: string; qos: 0 | 1 }) => void receive(job))
