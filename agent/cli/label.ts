import { Argument, Command, Option } from 'commander'
import { type MessageKind, messageKinds } from '../core/index.ts'
import { agentApi, userName, withAgent, type AgentOptions } from './api.ts'
import { instant } from './data.ts'
import { print } from './output.ts'

interface LabelOptions extends AgentOptions {
  readonly by: string
  readonly time?: string
  readonly from?: string
  readonly class?: string
  readonly value?: string
  readonly monitor?: string
  readonly station?: string
  readonly note?: string
}

const kinds = Object.keys(messageKinds) as MessageKind[]

/** `millwright label`: tells the running agent what somebody knows; the next training learns from it. */
export function label(): Command {
  return withAgent(new Command('label'))
    .addArgument(new Argument('<kind>', 'what it is').choices(kinds))
    .argument('<subject>', 'the asset; for `false-alarm` the id of the alarm, for `verdict` that of the part')
    .addOption(
      new Option('--time <time>', 'the time it speaks of, or its end, such as 2026-01-05T10:00:00Z; now where absent'),
    )
    .addOption(new Option('--from <time>', 'kind fault: the start of that time'))
    .addOption(
      new Option(
        '--class <name>',
        'kind fault: name of the fault, `normal` is the sound state; kind verdict: what the part truly is',
      ),
    )
    .addOption(new Option('--station <name>', 'kind verdict: the station that judged the part'))
    .addOption(new Option('--value <number>', 'kind value: what was measured'))
    .addOption(new Option('--monitor <name>', 'the only monitor it is meant for'))
    .addOption(new Option('--by <name>', 'who knows it').default(userName()))
    .addOption(new Option('--note <text>', 'anything to remember'))
    .addHelpText(
      'after',
      `
${kinds.map((kind) => `  ${kind.padEnd(13)}${messageKinds[kind]}`).join('\n')}

Example:
  $ millwright label failure line3/pump7 --time 2026-01-05T10:00:00Z
  $ millwright label fault line3/pump7 --class bearing --from 2026-01-05T08:00:00Z --time 2026-01-05T10:00:00Z
  $ millwright label value line1/reactor --value 97.4 --monitor octane
  $ millwright label verdict P-1042 --station weld --class scratch
  $ millwright label false-alarm pump-health/line3/pump7/1767607200000 --note "hose was moved"`,
    )
    .action(send)
}

async function send(kind: string, subject: string, options: LabelOptions): Promise<void> {
  const body = bodyOf(kind as MessageKind, subject, options)
  const { learns = true } = await agentApi(options).post<{ learns?: boolean }>('/api/labels', body)
  const then = learns ? 'the next training knows it.' : 'nothing is learned from it, as its image and values are gone.'
  print(options.json, body, () => `${subject}: noted as ${kind}; ${then}`)
}

/** The message of a label. The agent checks it. */
function bodyOf(kind: MessageKind, subject: string, options: LabelOptions): object {
  const { by, note, time, from, monitor, station, value } = options
  const common = { type: kind, by, ...(note !== undefined && { note }) }
  if (kind === 'false-alarm') return { ...common, alarm: subject }
  const told = {
    ...common,
    ...(time !== undefined && { time: instant(time) }),
    ...(options.class !== undefined && { class: options.class }),
  }
  if (kind === 'verdict') return { ...told, part: subject, ...(station !== undefined && { station }) }
  return {
    ...told,
    asset: subject,
    ...(from !== undefined && { from: instant(from) }),
    ...(monitor !== undefined && { monitor }),
    ...(value !== undefined && { value: Number(value) }),
  }
}
