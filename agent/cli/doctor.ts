import { Command, Option } from 'commander'
import type { Finding } from '../core/index.ts'
import { agentApi, withAgent, type AgentOptions } from './api.ts'
import { loadOrExit, type Loaded } from './configuration.ts'
import { examineAgent, examineData } from './doctor/agent.ts'
import { examineConnector } from './doctor/connectors.ts'
import { findingText, type Section } from './doctor/findings.ts'
import { examineMachine } from './doctor/machine.ts'
import { examineStation } from './doctor/stations.ts'
import { paint } from './output.ts'
import { positive } from './top.ts'

interface DoctorOptions extends AgentOptions {
  readonly connector?: string
  readonly seconds: number
}

/** `millwright doctor`: what is wrong, in plain words, and what helps. */
export function doctor(): Command {
  return withAgent(new Command('doctor'))
    .addOption(new Option('--connector <name>', 'look at this connector only'))
    .addOption(new Option('--seconds <n>', 'how long to watch each source').default(5).argParser(positive))
    .addHelpText(
      'after',
      `
Stores nothing and changes nothing at the far sides. Exits with 1 where something does not work; warnings alone do not.

Example:
  $ millwright doctor --config plant.yaml
  $ millwright doctor --connector press-plc --json`,
    )
    .action(async (options: DoctorOptions, command: Command) => {
      const loaded = await loadOrExit(options.config)
      const { connector } = options
      const known = Object.keys(loaded.config.connectors)
      if (connector !== undefined && !known.includes(connector))
        command.error(`error: there is no connector ${connector}; there are: ${known.join(', ') || 'none'}`)
      const counts = await tell(sections(loaded, options), options.json ?? false)
      if (counts.trouble > 0) process.exitCode = 1
    })
}

function sections({ config, text }: Loaded, options: DoctorOptions): Section[] {
  const connectors = Object.keys(config.connectors)
    .filter((name) => options.connector === undefined || options.connector === name)
    .map((name) => ({
      title: `${name} (${config.connectors[name].definition.type})`,
      findings: examineConnector(config, name, options.seconds),
    }))
  if (options.connector !== undefined) return connectors
  return [
    { title: 'This machine', findings: examineMachine(config, options.config, text) },
    { title: 'Data', findings: examineData(config) },
    ...connectors,
    ...Object.keys(config.inspections).map((name) => ({
      title: `Station ${name}`,
      findings: examineStation(config, name),
    })),
    {
      title: 'The running agent',
      findings: examineAgent(
        config,
        agentApi({
          ...options,
          ...(config.http.port === 0 && options.url === undefined && { url: 'http://127.0.0.1:1' }),
        }),
      ),
    },
  ]
}

/** Prints each finding when it is made: some take their time. */
async function tell(all: readonly Section[], json: boolean): Promise<Record<Finding['level'], number>> {
  const counts = { good: 0, warning: 0, trouble: 0 }
  const report: Record<string, Finding[]> = {}
  for (const { title, findings } of all) {
    const found: Finding[] = (report[title] = [])
    if (!json) console.log(paint('bold', title))
    for await (const finding of findings) {
      counts[finding.level]++
      found.push(finding)
      if (!json) console.log(findingText(finding))
    }
    if (!json && found.length === 0) console.log('  nothing to look at')
  }
  if (json) console.log(JSON.stringify({ ok: counts.trouble === 0, findings: report }, null, 2))
  else console.log(`\n${verdict(counts)}`)
  return counts
}

function verdict({ warning, trouble }: Record<Finding['level'], number>): string {
  if (trouble > 0)
    return paint('red', `${trouble} things do not work${warning > 0 ? `, ${warning} more deserve a look` : ''}.`)
  return warning > 0
    ? paint('yellow', `Everything works; ${warning} things deserve a look.`)
    : paint('green', 'All is well.')
}
