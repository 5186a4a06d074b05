import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { startMosquitto, type Mosquitto } from '../support/mosquitto.ts'
import { assets, configuration, now, pretrain, roles, topicOf, valueAt } from './parts/plant.ts'
import { cpuSeconds, Process } from './parts/process.ts'
import type { ReceiverTold } from './parts/receiver.ts'

/**
 * What the disk endures and what the processor does at the rates at which plants run: the whole agent over MQTT with QoS 1,
 * one sample a message, evenly in time, with `journal.gather` 0 and as it is by default. Bytes are those that the system says
 * the process has caused to be written to the disk (/proc/PID/io), so the folder of `--folder` (the system's temporary one)
 * must be on one. `--rates 20,300,2000`, `--seconds 20` a rate, after 5.
 */
export async function run(args: Readonly<Partial<Record<string, string>>>): Promise<void> {
  const rates = (args.rates ?? '20,300,2000').split(',').map(Number)
  const seconds = Number(args.seconds ?? 20)
  for (const rate of rates) {
    for (const gather of ['0ms', '20ms']) {
      const { bytes, cores, stored } = await measure(rate, gather, seconds, args.folder ?? tmpdir())
      const day = ((bytes / seconds) * 86_400) / 1e9
      console.log(
        `${rate} messages/s, gather ${gather}: ${Math.round(bytes / stored)} bytes a sample, ${day.toFixed(1)} GB a day, ${cores.toFixed(3)} cores`,
      )
    }
  }
}

async function measure(rate: number, gather: string, seconds: number, parent: string) {
  const broker = await startMosquitto({})
  const folder = mkdtempSync(join(parent, 'millwright-bench-'))
  const connectors = `  mqtt: { type: mqtt, url: "${broker.url}", qos: 1, topics: [{ filter: plant/+/+/+, tag: "{1}/{2}/{3}" }] }`
  const text = `${configuration({ data: folder, connectors })}journal: { gather: ${gather} }\n`
  await pretrain(text)
  const agent = new Process<ReceiverTold>('./agent.ts', { text })
  const ending = new AbortController()
  let publishing: Promise<void> | undefined
  try {
    await agent.until(() => true)
    publishing = publish(broker, rate, ending.signal)
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    const before = { bytes: writtenBy(agent.pid), cpu: cpuSeconds(agent.pid), at: now(), received: agent.newest!.received }
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
    return {
      bytes: writtenBy(agent.pid) - before.bytes,
      cores: ((cpuSeconds(agent.pid) - before.cpu) * 1_000) / (now() - before.at),
      stored: agent.newest!.received - before.received,
    }
  } finally {
    ending.abort()
    await publishing
    await agent.end()
    await broker.dispose()
    rmSync(folder, { recursive: true, force: true })
  }
} // prettier-ignore

/** One sample after the other, each machine's signals in turn, evenly in time. */
async function publish(broker: Mosquitto, rate: number, signal: AbortSignal): Promise<void> {
  const client = await connectAsync(broker.url)
  const begun = now()
  for (let sent = 0; !signal.aborted;) {
    const due = ((now() - begun) / 1_000) * rate
    for (; sent < due; sent++) {
      const [role, asset, step] = [sent % roles.length, Math.floor(sent / roles.length) % assets, Math.floor(sent / roles.length / assets)] // prettier-ignore
      client.publish(topicOf(asset, role), JSON.stringify({ ts: Math.floor(now()), value: valueAt(asset, role, step) }), { qos: 1 }) // prettier-ignore
    }
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
  await client.endAsync()
}

/** Bytes that a process has caused to be written to disks. */
function writtenBy(pid: number): number {
  return Number(/^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))![1])
}
