import {
  type AlarmEvent,
  type Batch,
  type Prediction,
  type TagTable,
  csvCell,
  qualityNames,
} from '../../agent/core/index.ts'
import type { Content } from './settings.ts'

/** The first line of each kind of file, without its line end. */
export const headers: Readonly<Record<Content, string>> = {
  predictions:
    'time,asset,monitor,kind,score,threshold,state,coverage,revision,model,contributions,value,lower,upper,label,probability',
  samples: 'time,tag,value,quality,source',
  alarms: 'time,id,asset,monitor,change,state,raised,score,threshold,contributions,by,reason',
}

/** A prediction as a line, without its end. Numbers have the fewest digits that give the same bits back; NaN is empty. */
export function predictionRow(prediction: Prediction): string {
  const { time, asset, monitor, kind, score, threshold, state, coverage, revision, model, contributions } = prediction
  const { value = NaN, lower = NaN, upper = NaN, label = '', probability = NaN } = prediction
  return [
    timeCell(time),
    csvCell(asset),
    csvCell(monitor),
    kind,
    numberCell(score),
    numberCell(threshold),
    state,
    numberCell(coverage),
    numberCell(revision),
    csvCell(model),
    contributionsCell(contributions),
    numberCell(value),
    numberCell(lower),
    numberCell(upper),
    csvCell(label),
    numberCell(probability),
  ].join(',')
}

/** One sample of a batch as a line. Times keep their microseconds. */
export function sampleRow(batch: Batch, row: number, tags: TagTable): string {
  const tag = tags.at(batch.tag[row])
  const value = batch.value[row]
  let cell = numberCell(value)
  if (tag.type === 'text') cell = csvCell(batch.texts?.[value] ?? '')
  else if (tag.type === 'boolean' && (value === 0 || value === 1)) cell = value === 1 ? 'true' : 'false'
  else if (batch.exact && batch.exact[row] !== 0n) cell = String(batch.exact[row])
  const time = timeCell(batch.time[row], true)
  return [time, csvCell(tag.name), cell, qualityNames[batch.quality[row]], csvCell(batch.source)].join(',')
}

/** A change of an alarm as a line. */
export function alarmRow(alarm: AlarmEvent): string {
  return [
    timeCell(alarm.time),
    csvCell(alarm.id),
    csvCell(alarm.asset),
    csvCell(alarm.monitor),
    alarm.change,
    alarm.state,
    timeCell(alarm.raised),
    numberCell(alarm.score),
    numberCell(alarm.threshold),
    contributionsCell(alarm.contributions),
    csvCell(alarm.by ?? ''),
    csvCell(alarm.reason ?? ''),
  ].join(',')
}

/** `vibration=3.2;temperature=0.5`, largest first; `%`, `=` and `;` in a role are percent-encoded. */
function contributionsCell(contributions: Readonly<Record<string, number>>): string {
  const pairs = Object.entries(contributions).sort(([, a], [, b]) => b - a)
  return csvCell(
    pairs.map(([role, share]) => `${role.replace(/[%=;]/g, encodeURIComponent)}=${numberCell(share)}`).join(';'),
  )
}

function numberCell(value: number): string {
  return Number.isNaN(value) ? '' : String(value)
}

/** ISO 8601 to the millisecond, or with `micros` to the microsecond where there are any. Empty where it is no time. */
function timeCell(time: number, micros = false): string {
  const ms = Math.floor(time)
  if (!(Math.abs(ms) <= 8.64e15)) return ''
  const text = new Date(ms).toISOString()
  const rest = micros ? Math.floor((time - ms) * 1000 + 0.5) : 0
  return rest > 0 && rest < 1000 ? `${text.slice(0, -1)}${String(rest).padStart(3, '0')}Z` : text
}
