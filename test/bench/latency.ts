import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { startMosquitto, type Mosquitto } from '../support/mosquitto.ts'
import { quantileOf } from './parts/figures.ts'
import type { PacerJob, PacerTold } from './parts/pacer.ts'
import { assets, configuration, now, pretrain } from './parts/plant.ts'
import { cpuSeconds, Process } from './parts/process.ts'
import type { ReceiverTold } from './parts/receiver.ts'

/**
 * From sample to prediction, both over MQTT with QoS 1, at 10,000 samples/s with the time of sending, through the whole
 * agent; windows of 50 machines close every second. Two figures for each prediction: from the moment before which the
 * publisher had written the sample that closed the window (the first of its machine at or after end + lateness) until a
 * subscriber has the prediction; and from the window's own end, which adds the wait for that sample (at 40 Hz up to
 * 25 ms) and the lateness. Both clocks are the machine's own.
 * `--seconds` (30), after 15 for windows to be whole; `--rate` (10,000); `--lateness` (0s); `--training yes`: a second
 * time with one training after another beside it, and the ratio.
 */
export async function run(args: Readonly<Partial<Record<string, string>>>): Promise<void> {
  const alone = await measure(args, false)
  if (args.training === undefined) return
  console.log('\nwith one training after another:')
  const beside = await measure(args, true)
  console.log(`p99 with training / without: ${(beside / alone).toFixed(2)} (goal: under 2)`)
}

/** Resolves with the p99 after the sample that closed the window, ms. */
async function measure(args: Readonly<Partial<Record<string, string>>>, training: boolean): Promise<number> {
  const broker = await startMosquitto({ maxInflight: 0 })
  const folder = mkdtempSync(join(tmpdir(), 'millwright-bench-'))
  const lateness = Number.parseFloat(args.lateness ?? '0s')
  const text = configuration({ data: folder, connectors: connectors(broker), lateness: `${lateness}s` })
  await pretrain(text)
  const agent = new Process<ReceiverTold>('./agent.ts', { text, training })
  try {
    await agent.until(() => true)
    const job: PacerJob = {
      port: Number(new URL(broker.url).port),
      qos: 1,
      rate: Number(args.rate ?? 10_000),
      closing: { every: 1_000, lateness: lateness * 1_000 },
    }
    const before = agent.newest!
    const cpu = cpuSeconds(agent.pid)
    const began = now()
    const seen = await watch(broker, job, Number(args.seconds ?? 30))
    const { received } = agent.newest!
    const seconds = (now() - began) / 1_000
    console.log(
      `${Math.round((received - before.received) / seconds)} samples/s, ${((cpuSeconds(agent.pid) - cpu) / seconds).toFixed(2)} of a core`,
    )
    report('after the sample that closed the window was sent', seen.sinceSample)
    report(`after the end of the window, lateness ${lateness} s`, seen.sinceEnd)
    console.log(`${seen.lateEnds} ends of windows had predictions later than 250 ms`)
    return quantileOf(seen.sinceSample, 0.99)
  } finally {
    await agent.end()
    await broker.dispose()
    rmSync(folder, { recursive: true, force: true })
  }
}

function connectors(broker: Mosquitto): string {
  return `
  mqtt: { type: mqtt, url: "${broker.url}", topics: [{ filter: plant/+/+/+, tag: "{1}/{2}/{3}" }] }
  results: { type: mqtt, url: "${broker.url}", publish: {} }`
}

/** ms, of each prediction. */
interface Seen {
  readonly sinceSample: number[]
  readonly sinceEnd: number[]
  /** Ends of windows with a prediction later than 250 ms. */
  readonly lateEnds: number
}

async function watch(broker: Mosquitto, job: PacerJob, seconds: number): Promise<Seen> {
  const arrived: { readonly key: string; readonly end: number; readonly time: number; readonly model: string }[] = []
  const client = await connectAsync(broker.url, { protocolVersion: 5, clientId: 'operator' })
  client.on('message', (_, payload) => {
    const time = now()
    const { asset, ts, model } = JSON.parse(payload.toString()) as { asset: string; ts: number; model: string }
    arrived.push({ key: `${asset} ${ts}`, end: ts, time, model })
  })
  await client.subscribeAsync('millwright/bench/+/+/health', { qos: 1 })
  const from = now() + 15_000
  const closed = new Map<string, number>()
  const publisher = new Process<PacerTold>('./pacer.ts', job, [], (told) => {
    for (const [key, time] of told.closed) closed.set(key, time)
  })
  await new Promise((resolve) => setTimeout(resolve, 15_000 + seconds * 1_000))
  await publisher.end()
  await client.endAsync(true)
  const whole = arrived.filter(({ end, model }) => end >= from && model !== '')
  const expected = assets * seconds
  if (whole.length < expected * 0.9) throw new Error(`${whole.length} predictions of a model; expected ${expected}`)
  return {
    sinceSample: whole.flatMap(({ key, time }) => {
      const sent = closed.get(key)
      return sent === undefined ? [] : [time - sent]
    }),
    sinceEnd: whole.map(({ end, time }) => time - end),
    lateEnds: new Set(whole.filter(({ end, time }) => time - end > 250).map(({ end }) => end)).size,
  }
}

function report(what: string, values: readonly number[]): void {
  const at = (share: number) => quantileOf(values, share).toFixed(1)
  console.log(
    `${what}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, at most ${at(1)} ms, ${values.length} predictions (goal: p99 under 250 ms)`,
  )
}
