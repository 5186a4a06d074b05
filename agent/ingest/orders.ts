import type { CorrectionEvent, JournalRecord, LabelEvent, OrderEvent } from '../core/index.ts'

/** Whether an order about actions that came as a message can be obeyed. */
export interface Orders {
  /** A text says why it cannot be; undefined: it can, and is to be put down. A stop holds from here on. */
  admit(order: OrderEvent): string | undefined
  /** It could not be put down. */
  withdraw(order: OrderEvent): void
}

/** What somebody said of an asset or a part, or ordered, over a source, by the name that they gave themselves. */
export function audited(source: string, event: LabelEvent | CorrectionEvent | OrderEvent, time: number): JournalRecord {
  const [action, subject, word] = wordsOf(event)
  const detail = [word, `over ${source}`].filter((part) => part !== '').join(' ')
  return { kind: 'event', event: { type: 'audit', time, by: event.by, action, subject, detail }, arrival: time }
}

function wordsOf(event: LabelEvent | CorrectionEvent | OrderEvent): [action: string, subject: string, detail: string] {
  if (event.type === 'label') return ['label', event.asset, [event.label, event.class ?? event.value].filter((part) => part !== undefined).join(' ')] // prettier-ignore
  if (event.type === 'correction') return ['verdict', `${event.station} ${event.part}`, event.class]
  const { order, decision, reason = '' } = event
  return decision === undefined ? [`${order} actions`, 'all actions', reason] : [`${order} action`, decision, reason]
}
