import { lookup } from 'node:dns/promises'
import { connect, isIP } from 'node:net'
import type { Config } from '../../settings/index.ts'
import type { DeadReason, Finding } from '../../core/index.ts'
import { examine, rehearse, type Rehearsed } from '../rehearsal.ts'
import { good, trouble, warning } from './findings.ts'

const muchSkew = 2_000
const patience = 5_000

/** A connector from the name of its host to its values. */
export async function* examineConnector(config: Config, name: string, seconds: number): AsyncGenerator<Finding> {
  const { settings } = config.connectors[name]
  const way = await examineAddress(settings)
  if (way) yield way
  if (way?.level === 'trouble') return
  const examined: Finding[] = []
  for await (const finding of examine(config, name)) {
    examined.push(finding)
    yield finding
  }
  if (examined.some(({ level, text }) => level === 'trouble' && !/nodes/.test(text))) return
  const only = { ...config, connectors: { [name]: config.connectors[name] } }
  const [tried] = await rehearse(only, seconds * 1000, (found) =>
    found.every(({ status }) => status.message === 'read to its end'),
  )
  if ((tried as Rehearsed | undefined) !== undefined) yield* examineFlow(tried, seconds, examined.length > 0)
}

/** The way to the address that settings name; undefined where they name none. */
export async function examineAddress(settings: unknown): Promise<Finding | undefined> {
  const address = addressOf(settings)
  return address && examineWay(address)
}

interface Address {
  readonly host: string
  readonly port: number
}

const ports: Readonly<Record<string, number>> = {
  'opc.tcp:': 4840,
  'mqtt:': 1883,
  'mqtts:': 8883,
  'ws:': 80,
  'wss:': 443,
  'http:': 80,
  'https:': 443,
}

function addressOf(settings: unknown): Address | undefined {
  const { endpoint, url } = settings as { endpoint?: unknown; url?: unknown }
  const text = endpoint ?? url
  if (typeof text !== 'string' || !URL.canParse(text)) return undefined
  const { hostname, port, protocol } = new URL(text)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (ports[protocol] ?? 0) }
}

/** Name and port, before any protocol: most trouble is there. */
async function examineWay({ host, port }: Address): Promise<Finding> {
  if (isIP(host) === 0) {
    try {
      await lookup(host)
    } catch (error) {
      return trouble(
        `the name ${host} is unknown here (${codeOf(error)})`,
        'Check the name and the DNS of this machine, or use the IP address.',
      )
    }
  }
  const code = await tryConnect(host, port)
  switch (code) {
    case undefined:
      return good(`${host}:${port} answers`)
    case 'ECONNREFUSED':
      return trouble(
        `${host} answers, but nothing listens on port ${port}`,
        'Check the port, and whether the server runs and listens on that address and not on its loopback only.',
      )
    case 'ETIMEDOUT':
      return trouble(
        `${host}:${port} does not answer within ${patience / 1000} s`,
        'Check the address, VLAN and firewalls on the way; a firewall that drops looks like this.',
      )
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return trouble(
        `there is no way to ${host}`,
        'Check cables, the IP address and routes of this machine (ip route).',
      )
    default:
      return trouble(`${host}:${port} cannot be reached (${code})`, 'Check address and network.')
  }
}

function tryConnect(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const end = (code: string | undefined) => {
      socket.destroy()
      resolve(code)
    }
    socket.setTimeout(patience, () => end('ETIMEDOUT'))
    socket.once('connect', () => end(undefined))
    socket.once('error', (error) => end(codeOf(error)))
  })
}

function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? 'unknown'
}

const remedies: Readonly<Record<DeadReason, string>> = {
  malformed: 'Set `format` of the topic to what it is, or exclude it by a narrower filter.',
  empty: 'Nothing to mend if it is meant so: an empty payload clears a retained message.',
  oversized: 'Raise max_payload, max_depth or elements, or exclude it.',
  unmapped: 'Add an entry to `topics` whose `filter` and `tag` fit it.',
  type: 'Give the tag another name, or set `type`: a tag keeps the type of its first value.',
  value: 'Look at the sender: it sends NaN or a number too large for its type.',
  unknown: 'Name a station of the configuration, and a part that it judged a while ago at most.',
  time: 'Set `time` of the topic: the field and its unit, or `arrival`.',
  unit: 'State the right unit for the topic or tag, or mend it at the device.',
  internal: 'Report it with the dead letter: it shows the class of the error and the first bytes.',
  quarantined: 'Look at the file: it ended the process that worked on it.',
  rejected: 'Look at the words of the far side.',
}

/** What to do about dead letters of a reason. */
export function remedyOf(reason: DeadReason): string {
  return remedies[reason]
}

function* examineFlow(
  { status, samples, bad, rejected, skew, tags }: Rehearsed,
  seconds: number,
  examined: boolean,
): Generator<Finding> {
  if (samples > 0) yield good(`${samples} samples of ${tags.size} tags within ${seconds} s`)
  else if (status.state === 'up')
    yield warning(`no sample within ${seconds} s`, 'Check that the plant sends: an OPC UA server reports changes only.')
  else yield trouble(status.message, status.remedy ?? 'See above.')
  if (bad > 0)
    yield warning(
      `${bad} of ${samples} samples are of bad quality`,
      'Look at the sensors: windows with too few good samples give no opinion.',
    )
  for (const [reason, { rows, example }] of rejected)
    yield warning(`${rows} values cannot be used (${reason}), such as: ${example}`, remedies[reason])
  const items = examined ? [] : Object.entries(status.items ?? {}).slice(0, 5)
  for (const [item, problem] of items) yield trouble(`${item}: ${problem}`, status.remedy ?? 'Check it.')
  // A value that has stood for long is old and says nothing of clocks; one from the future does.
  if (skew < -muchSkew)
    yield warning(
      `its times are ${(-skew / 1000).toFixed(1)} s ahead of this machine's clock`,
      'Set both by the same time server (NTP), or set time: arrival for topics whose clock cannot be set.',
    )
}
