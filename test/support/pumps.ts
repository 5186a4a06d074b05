import type { MqttClient } from 'mqtt'
import type { AgentProcess } from './agent-process.ts'
import { until } from './until.ts'

/** ms of event time between two samples of a signal; event time runs faster than the clock. */
const step = 500
const pumps = [1, 2, 3]
const roles = ['vibration', 'temperature', 'current'] as const

/** Three pumps whose signals follow a common load, with a ripple that takes the place of noise. */
function valueAt(pump: number, role: (typeof roles)[number], n: number): number {
  const load = Math.sin(n / 17 + pump)
  const noise = Math.sin(n * 12.9898 + pump * 78.233 + role.length) * 0.1
  return { vibration: 2 + load * 0.3, temperature: 40 + load * 2, current: 12 + load }[role] + noise
}

/** Publishes three pumps to `plant/line1/pumpN/ROLE` over MQTT, as fast as the agent takes it. */
export class Pumps {
  /** Event time of the first sample, ms since epoch. */
  readonly begin = Math.floor((Date.now() - 3_600_000) / 10_000) * 10_000
  readonly #publisher: MqttClient
  readonly #agent: AgentProcess
  #published = 0

  constructor(publisher: MqttClient, agent: AgentProcess) {
    this.#publisher = publisher
    this.#agent = agent
  }

  /** Publishes up to sample `to` of each signal, and waits until the pipeline has seen it. */
  async advance(to: number): Promise<void> {
    const messages: Promise<unknown>[] = []
    for (; this.#published < to; this.#published++) {
      for (const pump of pumps) {
        for (const role of roles) {
          const time = this.begin + this.#published * step
          const payload = JSON.stringify({ ts: time, value: valueAt(pump, role, this.#published) })
          messages.push(this.#publisher.publishAsync(`plant/line1/pump${pump}/${role}`, payload, { qos: 1 }))
        }
      }
    }
    await Promise.all(messages)
    const newest = this.begin + (to - 1) * step
    await until('the pipeline has seen it', async () => {
      const { assets } = await this.#agent.state()
      return assets.length === pumps.length && assets.every(({ tags }) => tags.every(({ time }) => time === newest))
    })
  }
}

/** The connector, the assets and a monitor `health` for the pumps, with YAML `learn` of it. */
export function pumpConfiguration(broker: string, learn: string): string {
  return `
connectors:
  mqtt:
    type: mqtt
    url: ${broker}
    topics: [{ filter: plant/+/+/+, tag: "{1}/{2}/{3}" }]
assets:
  pump: { tags: "{line}/pump{n}/{role}" }
monitors:
  health:
    assets: pump
    window: 10s
    every: 2s
    lateness: 1s
    model: anomaly
    idle: 10m
    learn: ${learn}
`
}
