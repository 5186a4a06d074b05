import {
  type AssetClass,
  type Nature,
  type SignalFinding,
  type StatedNature,
  type Tag,
  type TagTable,
  globPattern,
} from '../core/index.ts'
import type { SignalStudy, TagStudy } from './study.ts'

/** Fewer values tell nothing. */
const leastValues = 30
/** A counter has moved this often; a measurement on its way would have trembled by then. */
const leastRises = 20
/** Resets that a counter has, as a share of its changes. */
const mostResets = 0.05
/** What holds, holds for so many values on the average, or so long where only changes are told, ms. */
const holds = { values: 20, ms: 30_000 }
/** Whole values up to this many name states. */
const mostStates = 12
/** More levels than this, one after the other, are a coarse measurement. */
const leastLevels = 5
const mostlyNeighbours = 0.7
/** A clock's pace, and a sequence's step, are the same within this share. */
const steady = 0.05

/** What names and units say; the values decide where they tell. */
const hints: readonly { readonly nature: Nature; readonly name?: RegExp; readonly unit?: RegExp }[] = [
  { nature: 'setpoint', name: /(^|[^a-z])(sp|set|setpoint|set_point|soll|sollwert|target|command|cmd|ref|reference)([^a-z]|$)|setpoint|sollwert/i },
  { nature: 'counter', name: /counter|(^|[^a-z])(count|total|parts|pieces|strokes|shots|cycles|energy|odometer|hours|runtime|stueck|zaehler)([^a-z]|$)/i, unit: /^(k|M|G)?Wh$|^pcs\.?$|^pieces$|^parts$|^Stk\.?$/ },
  { nature: 'clock', name: /(^|[^a-z])(timestamp|clock|seq|sequence|heartbeat|lifebit|watchdog|alive)([^a-z]|$)|heartbeat|timestamp/i },
  { nature: 'state', name: /(^|[^a-z])(state|status|mode|phase|step|recipe|program|running)([^a-z]|$)/i },
] // prettier-ignore

/** What kind of signal a tag is, by its values, and by its name and unit where these tell nothing. */
export function natureOf(tag: Tag, study: TagStudy | undefined): SignalFinding {
  if (tag.type === 'text') return { nature: 'text', evidence: 'words' }
  const hint = hintOf(tag)
  if (!study || study.count < leastValues) {
    if (tag.type === 'boolean') return { nature: 'state', evidence: 'yes and no' }
    return { nature: hint ?? 'measurement', evidence: `${study?.count ?? 0} values, which tell nothing${hint ? '; by its name or unit' : ''}` } // prettier-ignore
  }
  if (study.low === study.high) return { nature: 'constant', evidence: `always ${study.low} in ${study.count} values` }
  if (tag.type === 'boolean') return { nature: 'state', evidence: `yes and no, ${study.changes} changes` }
  return running(study, hint) ?? holding(tag, study, hint) ?? moving(study)
}

function hintOf({ name, unit }: Tag): Nature | undefined {
  const last = name.slice(name.lastIndexOf('/') + 1).replaceAll(/([a-z])([A-Z])/g, '$1_$2')
  return hints.find((hint) => hint.name?.test(last) || (unit !== undefined && hint.unit?.test(unit)))?.nature
}

/** Counters, of which some run down, and clocks. */
function running(study: TagStudy, hint: Nature | undefined): SignalFinding | undefined {
  const { ups, downs, resets, refills, changes, rates, rateSum, rateSquares, count, steps } = study
  const falls = downs > ups
  const [along, against, anew] = falls ? [downs, ups, refills] : [ups, downs, resets]
  const isCounter = against <= anew && against <= Math.max(2, mostResets * changes)
  if (!isCounter || along < leastRises) return undefined
  const evidence = `${falls ? 'falls' : 'rises'} in ${along} of ${changes} changes${against > 0 ? `, ${times(against)} back to the ${falls ? 'top' : 'bottom'}` : ''}`
  const always = changes >= 0.98 * (count - 1)
  if (always && against === 0 && !falls) {
    const mean = rateSum / rates
    const isEven = Math.sqrt(Math.max(0, rateSquares / rates - mean ** 2)) <= steady * mean
    if (isEven || (study.isWhole && steps?.size === 1)) return { nature: 'clock', evidence: `${evidence}, evenly` }
  }
  // What goes one way and trembles never is a measurement, unless it moved too rarely to tell.
  if (along < 5 * leastRises && !study.isWhole && hint !== 'counter') return undefined
  return { nature: 'counter', evidence }
}

/** States and set points: values that hold. */
function holding(tag: Tag, study: TagStudy, hint: Nature | undefined): SignalFinding | undefined {
  const { count, changes, values, steps, firstTime, lastTime, isWhole } = study
  if (!values || changes === 0) return undefined
  const runs = changes + 1
  const lasts = tag.reporting === 'change' ? (lastTime - firstTime) / runs >= holds.ms : count / runs >= holds.values
  const named = hint === 'state' || hint === 'setpoint'
  if (!lasts && !(named && isWhole && values.size <= mostStates)) return undefined
  if (!named && values.size > leastLevels && neighbours(steps) >= mostlyNeighbours) return undefined
  const nature = hint === 'setpoint' ? 'setpoint' : isWhole && values.size <= mostStates ? 'state' : 'setpoint'
  return { nature, evidence: `${values.size} values, ${changes} changes in ${count} values` }
}

/** Share of the changes that are by the smallest step. */
function neighbours(steps: ReadonlyMap<number, number> | undefined): number {
  if (!steps) return 0
  const smallest = Math.min(...steps.keys())
  const all = [...steps.values()].reduce((sum, times) => sum + times, 0)
  return (steps.get(smallest) ?? 0) / all
}

function moving({ ups, downs, low, high }: TagStudy): SignalFinding {
  return { nature: 'measurement', evidence: `moves up ${ups} and down ${downs} times, from ${figure(low)} to ${figure(high)}` } // prettier-ignore
}

const times = (count: number): string => (count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`)
const figure = (value: number): string => String(Number(value.toPrecision(4)))

/** What somebody said of the signals of a class, by role or pattern over roles, such as `temp*`. */
export type StatedNatures = Readonly<Record<string, StatedNature>>

/**
 * What kind of signal each role of a class is: as stated, else by the values of all its assets. A role that moves in one of
 * them is what it is there; where they differ, it is a measurement.
 */
export function naturesOf(
  { roles, assets }: AssetClass,
  tags: TagTable,
  study: SignalStudy,
  stated: StatedNatures = {},
): ReadonlyMap<string, SignalFinding> {
  const patterns = Object.entries(stated).map(([glob, nature]) => [globPattern(glob), glob, nature] as const)
  const idle = patterns.filter(([pattern]) => !roles.some((role) => pattern.test(role)))
  return new Map([
    ...idle.map(([, glob, nature]): [string, SignalFinding] => [glob, { nature, evidence: 'stated, but no signal has such a name' }]),
    ...[...roles.entries()].sort(([, a], [, b]) => (a < b ? -1 : 1)).map(([role, name]): [string, SignalFinding] => {
      const said = patterns.find(([pattern]) => pattern.test(name))
      if (said) return [name, { nature: said[2], evidence: `stated for ${said[1]}` }]
      const found = assets.flatMap(({ tags: own }) => (own[role] >= 0 ? [natureOf(tags.at(own[role]), study.of(own[role]))] : []))
      return [name, together(found)]
    }),
  ])
} // prettier-ignore

/** What assets that differ have in common. */
function together(found: readonly SignalFinding[]): SignalFinding {
  const moving = found.filter(({ nature }) => nature !== 'constant')
  const [first] = moving.length > 0 ? moving : found
  if (moving.every(({ nature }) => nature === first.nature)) return first
  return moving.find(({ nature }) => nature === 'measurement') ?? first
}
