import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { schema } from '../../agent/settings/schema.ts'
import { trainAndRegister } from '../../agent/stations/life/training.ts'
import { parseConfig } from '../../config/index.ts'
import { startMosquitto, type Mosquitto } from '../support/mosquitto.ts'
import { quantileOf } from './parts/figures.ts'
import { classesOf } from './parts/images.ts'
import { configuration, now, pretrain } from './parts/plant.ts'
import type { PacerJob } from './parts/pacer.ts'
import { cpuSeconds, Process } from './parts/process.ts'
import type { ReceiverTold } from './parts/receiver.ts'

/** Images of each class that the station learns from: here only speed counts. */
const learned = 30
/** ms until windows are whole and caches warm. */
const warmUp = 15_000

/**
 * Verdicts on 50 images a second (JPEG over MQTT, the classifier at 128 px grey), alone and while 10,000 samples/s pass
 * through the journal, clean, windows and T²: from the arrival of an image to its verdict, and from its publication to the
 * verdict on MQTT, which waits for the disk, the pipeline's turn and `linger`. `data`: a folder with `xsdd` in it.
 * `--seconds` (30), `--images` a second (50), `--rate` samples a second (10,000), `--keep` images (none, or what a station's
 * `keep` has after `images:`).
 */
export async function run(args: Readonly<Partial<Record<string, string>>>): Promise<void> {
  const folder = join(args.data ?? '', 'xsdd')
  if (args.data === undefined || !existsSync(folder)) {
    console.log('X-SDD is not there: give the folder that holds xsdd with --data DIR.')
    return
  }
  const broker = await startMosquitto({ maxInflight: 0 })
  const data = mkdtempSync(join(tmpdir(), 'millwright-bench-'))
  const text =
    configuration({ data, connectors: connectors(broker), lateness: '0s' }) + station(broker, args.keep ?? 'none')
  await pretrain(text)
  await trainAndRegister(parseConfig(text, { schema, env: {} }), 'camera', {
    created: 0,
    folder: someOf(folder, join(data, 'lesson')),
    progress: () => undefined,
  })
  const agent = new Process<ReceiverTold>('./agent.ts', { text })
  try {
    await agent.until(() => true)
    await measure('alone', agent, broker, folder, { ...args, rate: '0' })
    await measure('beside the samples', agent, broker, folder, args)
  } finally {
    await agent.end()
    await broker.dispose()
    rmSync(data, { recursive: true, force: true })
  }
}

function connectors(broker: Mosquitto): string {
  return `
  mqtt: { type: mqtt, url: "${broker.url}", topics: [{ filter: plant/+/+/+, tag: "{1}/{2}/{3}" }] }
  results: { type: mqtt, url: "${broker.url}", publish: { content: [inspections] } }`
}

function station(broker: Mosquitto, keep: string): string {
  return `
inspections:
  camera:
    source: { type: mqtt, url: "${broker.url}", topic: camera/+, part: "camera/{part}" }
    model: { type: learned, methods: [classifier], size: 128, epochs: 1 }
    keep: { images: ${keep} }
`
}

/** The first images of each class, in a folder of their own. */
function someOf(from: string, to: string): string {
  for (const name of classesOf(from)) {
    mkdirSync(join(to, name), { recursive: true })
    for (const file of readdirSync(join(from, name)).slice(0, learned))
      copyFileSync(join(from, name, file), join(to, name, file))
  }
  return to
}

async function measure(
  what: string,
  agent: Process<ReceiverTold>,
  broker: Mosquitto,
  folder: string,
  args: Readonly<Partial<Record<string, string>>>,
): Promise<void> {
  const [seconds, perSecond, rate] = [
    Number(args.seconds ?? 30),
    Number(args.images ?? 50),
    Number(args.rate ?? 10_000),
  ]
  const job: PacerJob = { port: broker.port, qos: 1, rate }
  const pacer = rate > 0 ? new Process('./pacer.ts', job) : undefined
  if (pacer) await new Promise((resolve) => setTimeout(resolve, warmUp))
  const [cpu, before, began] = [cpuSeconds(agent.pid), agent.newest!.received, now()]
  const { own, whole } = await publish(broker, folder, perSecond, seconds)
  const took = (now() - began) / 1_000
  await pacer?.end()
  const samples = (agent.newest!.received - before) / took
  console.log(
    `${what}: ${own.length} verdicts, ${Math.round(own.length / took)} a second, beside ${Math.round(samples)} samples/s; ${((cpuSeconds(agent.pid) - cpu) / took).toFixed(2)} of a core`,
  )
  console.log(`  arrival to verdict: ${quantiles(own)} (goal: p99 under 30 ms)`)
  console.log(`  published to verdict on MQTT: ${quantiles(whole)}`)
}

/** Publishes at a steady rate; resolves with the times to each verdict, ms. */
async function publish(broker: Mosquitto, folder: string, perSecond: number, seconds: number) {
  const images = readdirSync(join(folder, 'red_iron')).map((file) => readFileSync(join(folder, 'red_iron', file)))
  const client = await connectAsync(broker.url, { protocolVersion: 5, clientId: 'camera' })
  const sent = new Map<string, number>()
  const [own, whole]: [number[], number[]] = [[], []]
  client.on('message', (_, payload) => {
    const { part, ms } = JSON.parse(payload.toString()) as { part: string; ms: number }
    const time = sent.get(part)
    if (time === undefined) return
    own.push(ms)
    whole.push(now() - time)
  })
  await client.subscribeAsync('millwright/bench/camera/verdict', { qos: 1 })
  const begin = now()
  for (let i = 0; i < perSecond * seconds; i++) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, begin + (i * 1_000) / perSecond - now())))
    const part = `${Math.floor(begin)}-${i}`
    sent.set(part, now())
    client.publish(`camera/${part}`, images[i % images.length], { qos: 1 })
  }
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  await client.endAsync(true)
  return { own, whole }
}

function quantiles(values: readonly number[]): string {
  const at = (share: number) => `${quantileOf(values, share).toFixed(1)} ms`
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, at most ${at(1)}`
}
