import { stringify } from 'yaml'
import { Redaction, oneLine, printable } from '../../core/index.ts'
import { lasting } from '../output.ts'
import type { ProposedClass } from './propose.ts'

/** What a plant's configuration is made of. */
export interface Proposal {
  readonly site: string
  readonly data: string
  /** Lines that say where it comes from. */
  readonly about: readonly string[]
  /** Name and lines of the connector, indented from its own first key. */
  readonly connector: { readonly name: string; readonly lines: readonly string[] }
  readonly classes: readonly ProposedClass[]
  /** Classes that get a monitor. */
  readonly monitored: readonly string[]
  /** ms */
  readonly window: number
}

/** A commented configuration. */
export function toYaml({ site, data, about, connector, classes, monitored, window }: Proposal): string {
  const lines = [
    ...about.map((line) => `# ${comment(line)}`),
    '# Check it with `millwright check`, look at live values with `millwright test --once`.',
    '# Every key is described in the configuration reference; `millwright schema` serves editors.',
    `site: ${scalar(site)}`,
    `data: ${scalar(data)} # folder of journal, models and keys`,
    '',
    'connectors:',
    `  ${connector.name}:`,
    ...connector.lines.map((line) => (line === '' ? '' : `    ${line}`)),
    ...sinkHints,
    '',
    '# Cleaning for every tag, in this order.',
    'clean:',
    '  - deduplicate',
    '  - despike: { window: 7 }',
    '',
    ...assetLines(classes),
    '',
    ...monitorLines(classes, monitored, window),
  ]
  // One element, one line: whatever a device says of itself, it ends no comment and begins no key.
  return `${lines.map(oneElement).join('\n')}\n`
}

function oneElement(line: string): string {
  return /^\s*#/.test(line) ? printable(line) : line.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
}

/** Something foreign as a comment: one line, printable, of bounded length, without credentials. */
export function comment(text: string): string {
  return oneLine(new Redaction([]).apply(text), 200)
}

const sinkHints = [
  '',
  '  # Where results go. Uncomment what you have.',
  '  # history:',
  '  #   type: influxdb',
  '  #   version: 2 # 1, 2 or 3',
  '  #   url: http://influxdb:8086',
  '  #   org: plant',
  '  #   bucket: millwright',
  '  #   token_file: /run/secrets/influxdb-token',
  '  # results:',
  '  #   type: mqtt',
  '  #   url: mqtt://broker:1883',
  '  #   publish: {} # millwright/<site>/<machine>/<monitor>, retained',
]

function assetLines(classes: readonly ProposedClass[]): string[] {
  const head = ['# Machines, found by the names of their tags: {role} is the signal, the rest names the machine.']
  if (classes.length === 0)
    return [
      ...head,
      'assets: {}',
      '#   pump: { tags: "{line}/pump{n}/{role}" } # no machine was recognised: name yours here',
    ]
  return [
    ...head,
    'assets:',
    ...classes.map(
      ({ name, pattern, assets }) =>
        `  ${name}: ${flow({ tags: pattern })} # ${sample(assets.map((asset) => asset || 'the plant itself'))}`,
    ),
  ]
}

function monitorLines(classes: readonly ProposedClass[], monitored: readonly string[], window: number): string[] {
  const head = [
    '# What watches them. A monitor learns what is normal from the first `learn.after` of data, which should be normal',
    '# operation with everything the machine does; it trains by itself and then raises alarms.',
  ]
  const every = Math.max(1000, Math.round(window / 6 / 1000) * 1000)
  const active = classes.filter(({ name }) => monitored.includes(name))
  const block = ({ name, roles }: ProposedClass) => [
    `  ${name}-health: # ${sample(roles)}`,
    `    assets: ${name}`,
    `    window: ${durationText(window)}`,
    `    every: ${durationText(every)}`,
    '    model: anomaly',
    '    learn: { after: 2h } # better a day, or a week',
    '    alarm: { dwell: 3 windows, clear: 3 windows }',
  ]
  const others = classes.filter(({ name }) => !monitored.includes(name))
  return [
    ...head,
    active.length > 0 ? 'monitors:' : 'monitors: {}',
    ...active.flatMap(block),
    ...(others.length > 0 ? ['  # Not watched; uncomment what should be:'] : []),
    ...others.flatMap(block).map((line) => `  # ${line.slice(2)}`),
  ]
}

function sample(names: readonly string[]): string {
  const shown = comment(names.slice(0, 4).join(', '))
  return names.length > 4 ? `${shown} and ${names.length - 4} more` : shown
}

/** ms as a duration of the configuration: `500ms`, `10s`, `5m`. */
export function durationText(ms: number): string {
  if (ms % 60_000 === 0) return `${ms / 60_000}m`
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`
}

/** A window that holds some sixty samples: between 10 s and 10 min, rounded to what people would write. */
export function windowFor(interval: number | undefined): number {
  const wanted = (interval ?? 1000) * 60
  const usual = [10_000, 30_000, 60_000, 120_000, 300_000, 600_000]
  return usual.find((window) => window >= wanted) ?? 600_000
}

/** Line breaks within texts are escaped. */
const asOneLine = { lineWidth: 0, blockQuote: false, doubleQuotedMinMultiLineLength: Infinity } as const

/** A YAML scalar, quoted where it has to be. */
export function scalar(value: string | number): string {
  return stringify(value, asOneLine).trimEnd()
}

/** A map on one line. */
export function flow(value: object): string {
  return stringify(value, { collectionStyle: 'flow', ...asOneLine }).trimEnd()
}

/** `every 250 ms`. */
export function paceText(interval: number | undefined): string {
  return interval === undefined ? 'once' : `every ${lasting(interval)}`
}
