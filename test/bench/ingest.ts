import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Starts } from '../../agent/process/index.ts'
import { startMosquitto, type Mosquitto } from '../support/mosquitto.ts'
import { configuration, pretrain } from './parts/plant.ts'
import { cpuSeconds, Process } from './parts/process.ts'
import type { PublisherTold } from './parts/publisher.ts'
import type { ReceiverTold } from './parts/receiver.ts'

/**
 * MQTT ingest through the whole agent (journal on disk, clean, windows, T² on 50 machines, results to the journal)
 * against a bare mqtt.js subscriber that only counts: same mosquitto, same publisher, each in a process of its own.
 * The agent is measured until the last sample is on disk and the pipeline has handled it; the bare subscriber until it
 * has counted the last message. The two take turns.
 * The times of the samples are now, so 50 windows close every second, however many samples come; `--step 100`: samples of
 * a signal are 100 ms apart, so that event time runs faster than the clock, and with it the windows.
 * `--messages` a run (600,000), `--rounds` (3), `--only 0 | 1 | 100`: QoS 0, QoS 1, 100 samples a message;
 * `--profile FOLDER`: a CPU profile of each agent; `--armed yes`: as after a process that ended without a stop, when what is
 * in hand is marked.
 */
export async function run(args: Readonly<Partial<Record<string, string>>>): Promise<void> {
  const messages = Number(args.messages ?? 600_000)
  const rounds = Number(args.rounds ?? 3)
  const step = args.step === undefined ? {} : { step: Number(args.step) }
  const cases = [
    { name: '0', title: 'QoS 0', qos: 0, samples: 1, messages, ...step },
    { name: '1', title: 'QoS 1', qos: 1, samples: 1, messages, ...step },
    { name: '100', title: '100 samples a message, QoS 1', qos: 1, samples: 100, messages: messages / 10, step: 1 },
  ] as const
  for (const one of cases) {
    if (args.only !== undefined && args.only !== one.name) continue
    await compare(one, rounds, { profile: args.profile, armed: args.armed !== undefined })
  }
}

interface Ways {
  readonly profile: string | undefined
  readonly armed: boolean
}

interface Case {
  readonly title: string
  readonly qos: 0 | 1
  readonly samples: number
  readonly messages: number
  readonly step?: number
}

interface Figure {
  /** Messages a second. */
  readonly rate: number
  readonly lost: number
  /** CPU, µs a message: of the receiver, of mosquitto, of the publisher. */
  readonly cpu: readonly number[]
  readonly predictions: number
}

async function compare(one: Case, rounds: number, ways: Ways): Promise<void> {
  const bare: Figure[] = []
  const agent: Figure[] = []
  for (let round = 0; round < rounds; round++) {
    // A broker of its own for each, so that none inherits a queue or a heap.
    for (const [kind, figures] of [
      ['bare', bare],
      ['agent', agent],
    ] as const) {
      const broker = await startMosquitto({ maxInflight: 0 })
      try {
        figures.push(await measure(kind, broker, one, ways))
      } finally {
        await broker.dispose()
      }
    }
  }
  const ratios = agent.map(({ rate }, i) => rate / bare[i].rate)
  console.log(`${one.title}: agent / bare ${median(ratios).toFixed(2)} (${ratios.map((r) => r.toFixed(2)).join(', ')})`)
  print('agent', agent, one)
  print('bare', bare, one)
}

function print(what: string, figures: readonly Figure[], { samples, messages }: Case): void {
  const rate = median(figures.map(({ rate }) => rate))
  const [own, broker, publisher] = [0, 1, 2].map((i) => median(figures.map(({ cpu }) => cpu[i])).toFixed(1))
  const lost = figures.reduce((sum, figure) => sum + figure.lost, 0)
  const inSamples = samples === 1 ? '' : ` = ${Math.round(rate * samples).toLocaleString('en')} samples/s`
  const predictions = what === 'agent' ? `, ${median(figures.map((figure) => figure.predictions))} predictions` : ''
  console.log(
    `  ${what.padEnd(6)} ${Math.round(rate).toLocaleString('en')} messages/s${inSamples}; CPU a message: ` +
      `${own} µs, mosquitto ${broker}, publisher ${publisher}; ` +
      `${lost} of ${figures.length * messages} lost${predictions}`,
  )
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}

async function measure(
  kind: 'bare' | 'agent',
  broker: Mosquitto,
  one: Case,
  { profile, armed }: Ways,
): Promise<Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-bench-'))
  const { qos } = one
  try {
    if (kind === 'bare') {
      return await flood(new Process<ReceiverTold>('./bare.ts', { url: broker.url, qos }), broker, one, 1)
    }
    const text = configuration({ data: folder, connectors: source(broker, qos) })
    await pretrain(text)
    if (armed) new Starts(folder).enter('work')
    const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
    return await flood(new Process<ReceiverTold>('./agent.ts', { text }, flags), broker, one, one.samples)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function source(broker: Mosquitto, qos: 0 | 1): string {
  const topics = '[{ filter: plant/+/+/+, tag: "{1}/{2}/{3}" }]'
  return `  mqtt: { type: mqtt, url: "${broker.url}", qos: ${qos}, topics: ${topics} }`
}

/** Sends all messages and waits until the receiver has them, or nothing more has come for 5 s. */
async function flood(receiver: Process<ReceiverTold>, broker: Mosquitto, one: Case, unit: number): Promise<Figure> {
  const ahead = one.samples === 1 ? 20_000 : 1_000
  await receiver.until(() => true)
  const before = cpuSeconds(receiver.pid)
  const mosquitto = cpuSeconds(broker.pid!)
  const job = {
    port: Number(new URL(broker.url).port),
    qos: one.qos,
    messages: one.messages,
    samples: one.samples,
    ahead,
    ...(one.step !== undefined && { step: one.step }),
  }
  const publisher = new Process<PublisherTold>('./publisher.ts', job)
  let progress = { received: 0, time: Date.now() }
  const last = await receiver.until(({ received, idle }) => {
    publisher.tell({ received: received / unit })
    if (received > progress.received) progress = { received, time: Date.now() }
    const stuck = Date.now() - progress.time > 5_000 && publisher.newest?.sent === one.messages
    return stuck || (idle && received >= one.messages * unit)
  })
  const { started } = publisher.newest!
  const cpu = [cpuSeconds(receiver.pid) - before, cpuSeconds(broker.pid!) - mosquitto, cpuSeconds(publisher.pid)]
  await publisher.end()
  await receiver.end()
  const received = last.received / unit
  if (unit > 1 || last.predictions > 0) checkModel(last)
  return {
    rate: received / ((last.time - started) / 1_000),
    lost: one.messages - received,
    cpu: cpu.map((seconds) => (seconds / one.messages) * 1e6),
    predictions: last.predictions,
  }
}

/** A run without a model would leave out a part of the work. */
function checkModel({ model, rejected }: ReceiverTold): void {
  if (model === '') throw new Error('no model was at work')
  if (rejected > 0) throw new Error(`${rejected} samples were rejected`)
}
