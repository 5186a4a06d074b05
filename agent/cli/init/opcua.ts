import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  approveCertificate,
  browse,
  listCertificates,
  opcua,
  type Browsed,
  type BrowsedVariable,
} from '../../../connectors/opcua/index.ts'
import { type Logger, SourceError } from '../../core/index.ts'
import { Progress } from '../data.ts'
import { paint, plural, table, valueText } from '../output.ts'
import type { Asker } from './ask.ts'
import { tagLevels, unique, type ProposedTag } from './propose.ts'
import type { InitOptions } from './options.ts'
import { comment, flow, scalar } from './write.ts'

/** What was found at a plant, ready to be written. */
export interface Plant {
  readonly about: readonly string[]
  readonly tags: readonly ProposedTag[]
  /** ms between samples, where it is known. */
  readonly interval: number | undefined
  /** Lines of the connector with those of the tags that pass. */
  lines(wants: (tag: string) => boolean): string[]
}

/** How the server is entered; grows as it asks for more. */
interface Entry {
  readonly endpoint: string
  readonly name: string
  readonly folder: string
  security: 'none' | undefined
  user: string | undefined
  passwordFile: string | undefined
}

/** Connects to an OPC UA server, settles trust and identity with the user, and looks through its nodes. */
export async function readServer(endpoint: string, options: InitOptions, ask: Asker): Promise<Plant> {
  const entry: Entry = {
    endpoint,
    name: options.name ?? 'plc',
    folder: join(options.data, 'connectors', options.name ?? 'plc'),
    security: options.insecure ? 'none' : undefined,
    user: options.user,
    passwordFile: options.passwordFile,
  }
  ask.say(`Connecting to ${endpoint}: keys are made the first time, and its certificate is looked at. That may take half a minute.`) // prettier-ignore
  for (;;) {
    const progress = new Progress('nodes')
    try {
      const found = await browse(settingsOf(entry), {
        pki: join(entry.folder, 'pki'),
        log: quiet,
        most: options.most,
        ...(options.node !== undefined && { root: options.node }),
        progress: (nodes) => progress.show(nodes, 'nodes'),
      })
      progress.end()
      return describe(found, entry, ask)
    } catch (error) {
      progress.end()
      if (!(error instanceof SourceError) || !(await settle(error, entry, options, ask))) throw error
    }
  }
}

const quiet: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

function settingsOf({ endpoint, security, user, passwordFile }: Entry) {
  return opcua.config.parse({
    endpoint,
    ...(security && { security }),
    ...(user !== undefined && passwordFile !== undefined && { identity: { user, password_file: passwordFile } }),
    // The schema wants one; browsing reads none of it.
    tags: [{ node: 'i=2258', tag: 'time' }],
  })
}

/** True where another attempt may succeed. */
async function settle(error: SourceError, entry: Entry, options: InitOptions, ask: Asker): Promise<boolean> {
  if (error.code === 'SOURCE_UNTRUSTED') return trust(error, entry, options, ask)
  if (error.code === 'SOURCE_INSECURE' && entry.security === undefined) {
    ask.say(`${paint('yellow', '!')} ${error.message}.`)
    const agreed = await ask.yes(
      'Go on without security? Anyone on the network can then read and change what is sent.',
      false,
    )
    if (agreed) entry.security = 'none'
    else if (!ask.interactive)
      throw new SourceError(error.code, error.message, {
        remedy: 'Enable a secure endpoint on the server; only on a network you trust, use --insecure.',
      })
    return agreed
  }
  if (error.code !== 'SOURCE_REFUSED' || !ask.interactive) return false
  ask.say(`${paint('yellow', '!')} ${error.message}. ${error.remedy ?? ''}`)
  if (!/identity/.test(error.message)) return ask.yes('Try again?', true)
  entry.user = await ask.text('User name:', entry.user ?? '')
  if (entry.user === '') return false
  entry.passwordFile = storePassword(entry.folder, await ask.secret('Password: '))
  return true
}

async function trust(error: SourceError, entry: Entry, options: InitOptions, ask: Asker): Promise<boolean> {
  const pki = join(entry.folder, 'pki')
  const thumbprint = /\b[0-9a-f]{40}\b/.exec(error.remedy ?? '')?.[0]
  const pending = (await listCertificates(pki)).find(
    (found) => found.state === 'pending' && found.thumbprint === thumbprint,
  )
  if (!pending) return false
  const day = (time: number) => new Date(time).toISOString().slice(0, 10)
  ask.say('The server shows a certificate that is not trusted yet:')
  const rows = [
    ['subject', pending.subject],
    ['issuer', pending.issuer],
    ['valid', `${day(pending.validFrom)} to ${day(pending.validTo)}`],
    ['thumbprint', pending.thumbprint],
  ]
  ask.say(table(rows))
  const given = options.trust?.toLowerCase().replace(/[^0-9a-f]/g, '')
  const named = given !== undefined && given.length >= 8 && pending.thumbprint.startsWith(given)
  if (!named && !(await ask.yes('Is that the thumbprint that the server itself shows? Trust it?', false)))
    throw new SourceError('SOURCE_UNTRUSTED', error.message, {
      remedy: `Compare the thumbprint with the server's own, then: millwright init ${entry.endpoint} --trust ${pending.thumbprint}`,
    })
  await approveCertificate(pki, pending.thumbprint)
  return true
}

/** Into a file of its own that its owner alone may read: the configuration names the file. */
export function storePassword(folder: string, password: string): string {
  const file = join(folder, 'password')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  // A new one: through a link in its place it would be written elsewhere.
  rmSync(file, { force: true })
  writeFileSync(file, password, { mode: 0o600, flag: 'wx' })
  return file
}

/** One configured tag with what is known of its node. */
interface Row {
  readonly variable: BrowsedVariable
  readonly tag: string
}

function describe(found: Browsed, entry: Entry, ask: Asker): Plant {
  const { variables, devices, specifications, left, more } = found
  const names = unique(variables.map((variable) => tagOf(variable)))
  const rows = variables.map((variable, index): Row => ({ variable, tag: names[index] }))
  const usable = rows.filter(({ variable: { type, array } }) => type !== 'text' && !array)
  ask.say(
    `${plural(variables.length, 'variable')} at ${entry.endpoint}${specifications.length > 0 ? `; it follows ${specifications.join(', ')}` : ''}`,
  )
  for (const { path, manufacturer, model, serial } of devices)
    ask.say(
      `  ${comment(`device ${path.join('/')}: ${[manufacturer, model, serial].filter(Boolean).join(', ') || 'no identification'}`)}`,
    )
  for (const [reason, count] of Object.entries(left)) ask.say(`  ${count} left out: ${reason}`)
  if (more) ask.say(`${paint('yellow', '!')} there are more nodes than were visited: see --most and --node`)
  return {
    about: [
      `Made by \`millwright init ${entry.endpoint}\`.`,
      ...devices
        .slice(0, 50)
        .map(
          ({ path, ...rest }) => `Device ${path.join('/')}: ${Object.values(rest).join(', ') || 'no identification'}.`,
        ),
    ],
    tags: usable.map(({ tag, variable: { type } }) => ({ tag, type })),
    interval: undefined,
    lines: (wants) => [...connectionLines(entry), ...tagLines(rows, wants)],
  }
}

/** The path; what a device has inside is one level, so that a pattern can tell the device from its signals. */
function tagOf({ path, device }: BrowsedVariable): string {
  if (device === 0 || device >= path.length) return tagLevels(path).join('/')
  const inside = tagLevels([...path.slice(device), '']).join('.')
  return [...tagLevels([...path.slice(0, device), '']), inside].join('/')
}

function connectionLines({ endpoint, security, user, passwordFile }: Entry): string[] {
  return [
    'type: opcua',
    `endpoint: ${scalar(endpoint)}`,
    ...(security === undefined
      ? []
      : ['security: none # the server offers nothing better; only on a network you trust']),
    ...(user === undefined || passwordFile === undefined
      ? ['# identity: { user: millwright, password_file: /run/secrets/plc }']
      : [`identity: ${flow({ user, password_file: passwordFile })}`]),
    'sampling: 1s # how often the server looks at a value',
    'publishing: 1s # how often it sends what changed',
  ]
}

function tagLines(rows: readonly Row[], wants: (tag: string) => boolean): string[] {
  const wanted = rows.filter(({ tag }) => wants(tag))
  const plain = wanted.filter(({ variable }) => variable.type !== 'text' && !variable.array)
  const texts = wanted.filter(({ variable }) => variable.type === 'text' && !variable.array)
  const arrays = wanted.filter(({ variable }) => variable.array)
  const others = (title: string, list: readonly Row[]) =>
    list.length === 0 ? [] : [`  # ${title}`, ...list.slice(0, 50).map((row) => `  # - ${tagFlow(row)}`)]
  return [
    'tags:',
    ...plain.map((row) => `  - ${tagFlow(row)}${shown(row.variable.value)}`),
    ...others('Texts; uncomment those that matter.', texts),
    ...others('Lists; with `rate: <samples per second>` a list is a waveform.', arrays),
  ]
}

function tagFlow({ tag, variable: { node, unit, low, high } }: Row): string {
  return flow({ node, tag, ...(unit !== undefined && { unit }), ...(low !== undefined && { low, high }) })
}

function shown(value: BrowsedVariable['value']): string {
  return value === null ? ' # no value yet' : ` # ${comment(valueText(value))}`
}
