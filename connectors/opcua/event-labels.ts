import type { LabelEvent, ReportEvent } from '../../agent/core/index.ts'
import { anyText, type Match } from './match.ts'
import type { EventSettings } from './settings.ts'

/** Alarms that are followed at once; more than that no plant has, and older ones are forgotten. */
const mostActive = 10_000

type LabelSettings = EventSettings['labels'][number]

interface Rule {
  readonly settings: LabelSettings
  readonly name: Match
  readonly message: Match
}

/** What of a machine's events models learn from. */
export class Labels {
  readonly #source: string
  readonly #rules: readonly Rule[]
  /** Since when alarms are active, ms since epoch. */
  readonly #active = new Map<string, number>()

  constructor(source: string, settings: readonly LabelSettings[]) {
    this.#source = source
    this.#rules = settings.map((one) => ({ settings: one, name: anyText(one.name), message: anyText(one.message) }))
  }

  /** Forgets since when alarms are active. */
  forget(): void {
    this.#active.clear()
  }

  /**
   * The label of an event, if it is one. A fault is told when its alarm ends, from its beginning on; where that is not known
   * there is none. What happens at a moment is told when its alarm begins. `since`: when the alarm became what it is.
   */
  take(report: ReportEvent, condition: string, since: number | undefined): LabelEvent | undefined {
    const { alarm, kind, message, severity, active, time } = report
    const rule = this.#rules.find(
      ({ settings, name, message: words }) =>
        severity >= settings.severity && name.fit(alarm ?? kind) !== undefined && words.fit(message) !== undefined,
    )
    if (!rule) return undefined
    if (active === undefined) return this.#label(rule, report, time)
    const key = `${condition}\n${report.origin}\n${alarm ?? kind}`
    const began = this.#active.get(key)
    if (active) {
      this.#begin(key, since ?? began ?? time)
      const isNew = began === undefined || (since !== undefined && since > began)
      return rule.settings.label === 'fault' || !isNew ? undefined : this.#label(rule, report, since ?? time)
    }
    this.#active.delete(key)
    if (rule.settings.label !== 'fault' || began === undefined) return undefined
    const end = since !== undefined && since >= began ? since : time
    return this.#label(rule, report, end, began)
  }

  #begin(key: string, time: number): void {
    this.#active.set(key, time)
    if (this.#active.size > mostActive) this.#active.delete(this.#active.keys().next().value!)
  }

  #label({ settings }: Rule, { asset, message }: ReportEvent, time: number, from?: number): LabelEvent {
    const { label, class: name } = settings
    return {
      type: 'label',
      label,
      time,
      ...(from !== undefined && { from }),
      asset,
      ...(name !== undefined && { class: name }),
      by: this.#source,
      ...(message !== '' && { note: message.slice(0, 500) }),
    }
  }
}
