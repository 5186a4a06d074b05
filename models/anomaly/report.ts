import { lasting } from '../../agent/core/index.ts'
import type { Manifest } from '../onnx/manifest.ts'
import type { Candidate, Exclusion, Report } from '../report.ts'
import { margin } from './choose.ts'
import type { Trial } from './candidates.ts'
import { scoreHistogram } from './histogram.ts'
import type { Findings } from './findings.ts'

/** How an anomaly model came to be. */
export function reportOf(manifest: Manifest, found: Findings, ms: number): Report {
  const { training, monitor, type, created } = manifest
  const { subject, normal, thresholds, chosen, trials } = found
  return {
    monitor,
    type,
    created,
    data: { from: training.from, to: training.to, rows: training.rows, used: training.used, assets: subject.data.assets.length }, // prettier-ignore
    exclusions: exclusionsOf(found),
    split: 'each quarter of the time held out in turn, with a gap of one window',
    metric: { name: 'youden', better: 'higher' },
    candidates: trials.map(candidateOf),
    figures: { scores: scoreHistogram(chosen.held.flatMap(({ scores }) => [...scores]), thresholds.pooled) }, // prettier-ignore
    scalars: normal.scorer.scalars,
    backend: normal.scorer.backend,
    seconds: ms / 1000,
    peakMemory: process.resourceUsage().maxRSS * 1024,
    notes: notesOf(found),
  }
}

function candidateOf({ method, verdict, seconds, chosen, note }: Trial): Candidate {
  return { name: method.name, settings: {}, validation: { ...verdict }, seconds, chosen, ...(note !== undefined && { note }) } // prettier-ignore
}

function exclusionsOf({ labelled, dropped, subject }: Findings): Exclusion[] {
  const { data, modes } = subject
  const none = modes ? modes.of.filter((mode) => mode < 0).length : 0
  const counted = [
    { reason: 'no feature has a value', rows: labelled.empty },
    { reason: 'labelled as faulty', rows: labelled.faulty },
    { reason: 'in no mode: on the way from one to another, or in one that is too rare', rows: none },
  ]
  const blocks = dropped.map(({ asset, from, to }) => {
    const code = data.assets.indexOf(asset)
    const inside = (row: number) => data.asset[row] === code && data.start[row] >= from && data.end[row] <= to
    const rows = data.asset.reduce((count, _, row) => count + (inside(row) ? 1 : 0), 0)
    return { reason: 'not like the rest of the training time: may hide a fault', rows, asset, from, to }
  })
  return [...counted.filter(({ rows }) => rows > 0), ...blocks]
}

function notesOf({ subject, labelled, left, thresholds, trials }: Findings): string[] {
  const { data, modes } = subject
  const notes = [`A held-out window is above its threshold ${(100 * thresholds.falseAlarms).toFixed(1)} % of the time.`]
  const { rarity } = thresholds
  if (rarity) notes.push(`As far as held-out windows tell, their scores stay above ${rarity.height.toPrecision(3)} (± ${rarity.error.toPrecision(2)}) for as long as an alarm needs once in ${lasting(rarity.period)} of a machine.`) // prettier-ignore
  if (trials.length > 1) notes.push(`Another method than Hotelling's T² is chosen only if it is better at synthetic faults by more than ${margin}.`) // prettier-ignore
  if (modes) notes.push(`Modes: ${modes.names.join(', ')}. A window of another one has no score.`)
  if (data.length < data.size) notes.push('There are fewer windows than features: the covariance is mostly an assumption. Give it more data.') // prettier-ignore
  const { still } = labelled
  const missing = [...left].map(([name, share]) => `${name} (${(100 * share).toFixed(0)} % of the windows)`)
  if (missing.length > 0) notes.push(`Left out, because mostly missing: ${missing.join(', ')}.`)
  if (still.length > 0) notes.push(`Features that never changed: ${still.join(', ')}. Any change of them will count.`)
  return notes
}
