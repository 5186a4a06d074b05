import { Command, Option } from 'commander'
import type { Config } from '../settings/index.ts'
import { type Finding, qualityNames } from '../core/index.ts'
import { configOption, loadOrExit } from './configuration.ts'
import { findingText } from './doctor/findings.ts'
import { writeBare } from './guard.ts'
import { harmless, jsonOption, lasting, paint, print, table, valueText } from './output.ts'
import { examine, isSink, rehearse, type Rehearsed } from './rehearsal.ts'
import { positive } from './top.ts'

interface TestOptions {
  readonly config: string
  readonly seconds: number
  readonly once?: boolean
  readonly json?: boolean
}

/** `millwright test`: live values of a configuration, before anything is stored. */
export function test(): Command {
  return new Command('test')
    .addOption(configOption())
    .option('--once', 'print once, as soon as there are values, and end')
    .addOption(new Option('--seconds <n>', 'longest wait for values').default(15).argParser(positive))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
It may run beside the agent: MQTT messages are not taken from it. A server that allows one session only lets in one of
the two. Server certificates that are not known yet are put aside for \`millwright trust approve\`.

Exits with 1 where a source gives no value or a sink does not answer.

Example:
  $ millwright test --once --config plant.yaml
  $ millwright test --config plant.yaml`,
    )
    .action(async (options: TestOptions) => {
      const { config } = await loadOrExit(options.config)
      if (options.once || options.json) await once(config, options)
      else await live(config)
    })
}

async function once(config: Config, { seconds, json }: TestOptions): Promise<void> {
  const found = await rehearse(config, seconds * 1000, settled())
  const sinks = await sinkFindings(config)
  const report = { sources: found.map((source) => plainOf(source)), sinks }
  print(
    json,
    report,
    () => [...found.map(sourceText), ...Object.entries(sinks).map(sinkText)].join('\n\n') || 'There are no connectors.',
  )
  const silent = found.some(({ samples }) => samples === 0)
  const troubled = Object.values(sinks).some((list) => list.some(({ level }) => level === 'trouble'))
  if (silent || troubled) process.exitCode = 1
}

/** True once every source has values and for two seconds no further tag has come. */
function settled(): (found: readonly Rehearsed[]) => boolean {
  let tags = -1
  let since = 0
  return (found) => {
    const now = performance.now()
    const count = found.reduce((sum, source) => sum + source.tags.size, 0)
    if (count !== tags) [tags, since] = [count, now]
    const finished = found.every(({ samples, status }) => samples > 0 || status.message === 'read to its end')
    return found.length === 0 || (finished && now - since > 2_000)
  }
}

/** Prints the values again and again until Ctrl-C. */
async function live(config: Config): Promise<void> {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort())
  let printed = 0
  const show = (found: readonly Rehearsed[]) => {
    if (performance.now() - printed < 1_000) return false
    printed = performance.now()
    const text = found.map(sourceText).join('\n\n')
    if (process.stdout.isTTY) writeBare(process.stdout, '\x1b[H\x1b[2J')
    process.stdout.write(process.stdout.isTTY ? `${text}\n\n${paint('dim', 'Ctrl-C ends')}\n` : `${text}\n\n`)
    return false
  }
  await rehearse(config, Infinity, show, stop.signal)
}

/** What the far sides of sinks say to someone who writes nothing. */
async function sinkFindings(config: Config): Promise<Record<string, Finding[]>> {
  const found: Record<string, Finding[]> = {}
  for (const name of Object.keys(config.connectors)) {
    if (!(await isSink(config, name))) continue
    found[name] = []
    for await (const finding of examine(config, name)) found[name].push(finding)
  }
  return found
}

function plainOf({ name, type, status, samples, rejected, tags, newest }: Rehearsed): object {
  const values = [...tags].map((tag) => {
    const { value, quality, time } = newest.sample(tag)
    return {
      tag: tag.name,
      value,
      unit: tag.unit,
      quality: qualityNames[quality],
      time: time === null ? null : new Date(time).toISOString(),
    }
  })
  return { name, type, status, samples, rejected: Object.fromEntries(rejected), values }
}

function sourceText({ name, type, status, samples, rejected, tags, newest }: Rehearsed): string {
  const colour = status.state === 'up' ? 'green' : status.state === 'down' ? 'red' : 'yellow'
  const now = Date.now()
  const rows = [...tags].map((tag) => {
    const { value, quality, time } = newest.sample(tag)
    const unit = tag.unit === undefined ? '' : ` ${tag.unit}`
    const age =
      time === null
        ? ''
        : time > now + 1000
          ? `${lasting(time - now)} ahead`
          : `${lasting(Math.max(0, now - time))} ago`
    return [
      harmless(tag.name),
      `${valueText(value)}${unit}`,
      paint(quality === 0 ? 'green' : 'yellow', qualityNames[quality]),
      age,
    ]
  })
  const items = Object.entries(status.items ?? {}).map(
    ([item, problem]) => `  ${paint('yellow', '!')} ${harmless(item)}: ${harmless(problem)}`,
  )
  return [
    `${paint('bold', name)} (${type}) ${paint(colour, status.state)}: ${harmless(status.message)}, ${samples} samples`,
    ...(status.remedy === undefined ? [] : [`  ${status.remedy}`]),
    ...items,
    ...(rows.length > 0 ? [table(rows)] : []),
    ...[...rejected].map(
      ([reason, { rows: count, example }]) => `  ${paint('yellow', '!')} ${count} ${reason}: ${harmless(example)}`,
    ),
  ].join('\n')
}

function sinkText([name, findings]: [string, Finding[]]): string {
  return [`${paint('bold', name)} (sink)`, ...findings.map((finding) => findingText(finding))].join('\n')
}
