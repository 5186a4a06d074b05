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
  /** Alarms that are active: since when, ms since epoch, and what they are. */
  readonly #active = new Map<string, { readonly began: number; readonly rule: Rule }>()

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
    const { alarm, kind, active, time } = report
    if (active === undefined) {
      const rule = this.#ruleOf(report)
      return rule && this.#label(rule, report, time)
    }
    const key = `${condition}\n${report.origin}\n${alarm ?? kind}`
    const known = this.#active.get(key)
    if (active) return this.#begin(key, report, since)
    this.#active.delete(key)
    if (known?.rule.settings.label !== 'fault') return undefined
    const end = since !== undefined && since >= known.began ? since : time
    return this.#label(known.rule, report, end, known.began)
  }

  #begin(key: string, report: ReportEvent, since: number | undefined): LabelEvent | undefined {
    const known = this.#active.get(key)
    // Severity and message may change while it lasts; it stays what it was when it began.
    const rule = known?.rule ?? this.#ruleOf(report)
    if (!rule) return undefined
    const isNew = known === undefined || (since !== undefined && since > known.began)
    const began = since ?? known?.began ?? report.time
    this.#active.set(key, { began, rule })
    if (this.#active.size > mostActive) this.#active.delete(this.#active.keys().next().value!)
    return rule.settings.label === 'fault' || !isNew ? undefined : this.#label(rule, report, began)
  }

  #ruleOf({ alarm, kind, message, severity }: ReportEvent): Rule | undefined {
    return this.#rules.find(({ settings, name, message: words }) => {
      return severity >= settings.severity && name.fit(alarm ?? kind) && words.fit(message)
    })
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
