import { setTimeout as wait } from 'node:timers/promises'
import { inDatabase, inJournal, inLedgers, lostOnTheWay } from './conservation.ts'
import { faults } from './faults.ts'
import { Plant } from './plant.ts'
import type { Outcome, Span } from './report.ts'
import { grown, holdingsOf, type Holdings } from './resources.ts'
import { kinds, type Fault, type Round, type Target } from './script.ts'

/** How long the plant may take to be well again, and to deliver all that waits at the end, ms. */
const patience = 90_000
/** ms before what the agent holds is looked at: it has read its models and made its connections by then. */
const settling = 8_000

export interface Result {
  readonly outcomes: readonly Outcome[]
  readonly violations: readonly string[]
  /** What is worth a look, and no violation. */
  readonly notes: readonly string[]
  /** Messages that the broker has acknowledged. */
  readonly messages: number
  readonly holdings: readonly Holdings[]
  /** What the agent wrote. */
  readonly output: string
}

/** Lives through a script of faults for so many ms, then looks whether anything was lost or invented. */
export async function chaos(length: number, script: Iterable<Round>, tell: (text: string) => void): Promise<Result> {
  const plant = new Plant()
  try {
    tell(`in ${plant.folder}`)
    await plant.begin()
    return await new Chaos(plant, tell).live(length, script)
  } finally {
    await plant.end()
  }
}

class Chaos {
  readonly #plant: Plant
  readonly #tell: (text: string) => void
  readonly #outcomes: Outcome[] = []
  readonly #violations: string[] = []
  /** The alarm that stays and was acknowledged. */
  #alarm: string | undefined

  constructor(plant: Plant, tell: (text: string) => void) {
    this.#plant = plant
    this.#tell = tell
  }

  async live(length: number, script: Iterable<Round>): Promise<Result> {
    const { line, agent } = this.#plant
    const end = performance.now() + length
    line.start()
    await wait(settling)
    const before = holdingsOf(agent.pid)
    for (const { pause, faults } of script) {
      if (performance.now() > end) break
      await this.#acknowledge()
      await wait(pause)
      await this.#round(faults)
    }
    this.#tell('the line stops; waiting for what is on its way')
    await line.stop()
    const after = await this.#finish(before)
    return {
      outcomes: this.#outcomes,
      violations: this.#violations,
      notes: await lostOnTheWay(this.#plant, this.#spans('plc')),
      messages: line.book.messages,
      holdings: [before, after],
      output: agent.output,
    }
  }

  /** Faults side by side, until all are over and all is well again. */
  async #round(round: readonly Fault[]): Promise<void> {
    this.#tell(round.map(({ kind, lasts }) => `${kind} for ${lasts} ms`).join(', '))
    const begun = Date.now()
    const inflicted = await Promise.all(round.map((fault) => this.#inflict(fault)))
    const ended = performance.now()
    const well = await this.#well()
    if (!well) this.#violations.push(`not up again after ${round.map(({ kind }) => kind).join(' and ')}: ${await this.#why()}`) // prettier-ignore
    const span = { from: begun, to: Date.now() }
    for (const kind of inflicted)
      if (kind !== undefined) this.#outcomes.push({ kind, up: well ? performance.now() - ended : undefined, ...span })
  }

  async #inflict({ kind, after, lasts }: Fault): Promise<Fault['kind'] | undefined> {
    await wait(after)
    try {
      const end = await faults[kind](this.#plant)
      await wait(lasts)
      await end?.()
      return end && kind
    } catch (error) {
      this.#violations.push(`${kind}: ${String(error)}`)
      return kind
    }
  }

  /** Resolves when everything is up; an agent that has ended by itself is a violation, and is started again. */
  async #well(): Promise<boolean> {
    const deadline = performance.now() + patience
    while (performance.now() < deadline) {
      const { agent, line } = this.#plant
      if (agent.ended !== undefined) {
        this.#violations.push(`the agent ended by itself with ${agent.ended}: ${agent.output.slice(-500)}`)
        await agent.start()
      }
      if (line.connected && (await this.#ready())) return true
      await wait(50)
    }
    return false
  }

  async #ready(): Promise<boolean> {
    const { agent } = this.#plant
    const ready = (await agent.get('/readyz')) as { ok: boolean } | undefined
    const state = (await agent.get('/api/state')) as Awaited<ReturnType<typeof agent.state>> | undefined
    return ready?.ok === true && state?.connections.every(({ status }) => status.state === 'up') === true
  }

  async #why(): Promise<string> {
    const { agent } = this.#plant
    const state = (await agent.get('/api/state')) as Awaited<ReturnType<typeof agent.state>> | undefined
    return JSON.stringify([state?.ready, state?.connections.filter(({ status }) => status.state !== 'up')])
  }

  /** Says once that the alarm of the press has been seen, as soon as there is one; from then on it must stay so. */
  async #acknowledge(): Promise<void> {
    const { agent } = this.#plant
    const state = (await agent.get('/api/state')) as Awaited<ReturnType<typeof agent.state>> | undefined
    const alarm = state?.alarms.find(({ monitor }) => monitor === 'level')
    if (this.#alarm === undefined && alarm) {
      const path = `/api/alarms/${encodeURIComponent(alarm.id)}/acknowledge`
      const { status } = await agent.post(path, { by: 'Mei' })
      if (status === 200) this.#alarm = alarm.id
    } else if (this.#alarm !== undefined && state) this.#violations.push(...forgotten(this.#alarm, state.alarms))
  }

  /** When the agent was not there, or something was amiss with a server. */
  #spans(server: Target): Span[] {
    const away = ['agent killed', 'agent stopped in order']
    return this.#outcomes.filter(({ kind }) => away.includes(kind) || kinds[kind] === server)
  }

  /** All that is to be looked at in the end; what the agent holds by then. */
  async #finish(before: Holdings): Promise<Holdings> {
    const { agent } = this.#plant
    await this.#well()
    await wait(settling)
    const look = async () => [...(await inDatabase(this.#plant, this.#spans('plc'))), ...(await inLedgers(this.#plant))]
    let open = await look()
    for (const deadline = performance.now() + patience; open.length > 0 && performance.now() < deadline;) {
      await wait(500)
      open = await look()
    }
    const after = holdingsOf(agent.pid)
    await this.#acknowledge()
    if (this.#alarm === undefined) this.#violations.push('the alarm of the press was never raised')
    const code = await agent.stop()
    if (code !== 0) this.#violations.push(`the agent was stopped and ended with ${code}`)
    this.#violations.push(...open, ...(await inJournal(this.#plant, this.#spans('broker'))), ...grown(before, after))
    return after
  }
}

function forgotten(
  id: string,
  alarms: readonly { readonly id: string; readonly state: string; readonly by?: string | undefined }[],
): string[] {
  // prettier-ignore
  const alarm = alarms.find((one) => one.id === id)
  return alarm?.state === 'acknowledged' && alarm.by === 'Mei' ? [] : [`alarm ${id} is no longer acknowledged: ${JSON.stringify(alarm)}`] // prettier-ignore
}
