import { join } from 'node:path'
import {
  fieldName,
  listen,
  matchFilter,
  mqtt,
  recognise,
  tagName,
  type HeardTopic,
  type Listened,
  type MqttSettings,
  type Recognised,
} from '../../../connectors/mqtt/index.ts'
import { SourceError } from '../../core/index.ts'
import { Progress } from '../data.ts'
import { harmless, paint, table } from '../output.ts'
import type { Asker } from './ask.ts'
import { storePassword, type Plant } from './opcua.ts'
import type { InitOptions } from './options.ts'
import type { ProposedTag } from './propose.ts'
import { comment, flow, paceText, scalar } from './write.ts'

interface Entry {
  readonly url: string
  readonly folder: string
  readonly ca: string | undefined
  version: '3.1.1' | 5
  user: string | undefined
  passwordFile: string | undefined
}

/** A topic and what its payloads are. */
interface Known {
  readonly heard: HeardTopic
  readonly found: Recognised
}

/** Listens at a broker and tells what its topics hold. */
export async function readBroker(url: string, options: InitOptions, ask: Asker): Promise<Plant> {
  const { user, passwordFile, ca } = options
  const entry: Entry = {
    url,
    folder: join(options.data, 'connectors', options.name ?? 'broker'),
    ca,
    version: 5,
    user,
    passwordFile,
  }
  for (;;) {
    try {
      return describe(await hear(entry, options, ask), entry, ask)
    } catch (error) {
      if (!(error instanceof SourceError) || !(await settle(error, entry, ask))) throw error
    }
  }
}

function settingsOf({ url, version, user, passwordFile, ca }: Entry, filters: readonly string[]): MqttSettings {
  return mqtt.config.parse({
    type: 'mqtt',
    url,
    version,
    ...(user !== undefined && { username: user }),
    ...(passwordFile !== undefined && { password_file: passwordFile }),
    ...(ca !== undefined && { tls: { ca } }),
    topics: filters.map((filter) => ({ filter })),
  })
}

async function hear(entry: Entry, options: InitOptions, ask: Asker): Promise<Listened> {
  const { seconds, filter: filters } = options
  ask.say(`Listening to ${filters.join(', ')} at ${entry.url} for ${seconds} s.`)
  const progress = new Progress('listening')
  const listened = await listen(settingsOf(entry, filters), {
    filters,
    duration: seconds * 1000,
    progress: (topics, messages) => progress.show(messages, `messages on ${topics} topics`),
  })
  progress.end()
  for (const [filter, reason] of Object.entries(listened.refused))
    ask.say(`${paint('yellow', '!')} ${filter}: ${reason}`)
  if (listened.topics.length > 0) return listened
  throw new SourceError('SOURCE_DATA', `nothing was heard on ${filters.join(', ')} within ${seconds} s`, {
    remedy: 'Listen longer with --seconds, name the topics with --filter, and check the access rules of the broker.',
  })
}

/** True where another attempt may succeed. */
async function settle(error: SourceError, entry: Entry, ask: Asker): Promise<boolean> {
  if (/does not speak this version/.test(error.message) && entry.version === 5) {
    entry.version = '3.1.1'
    return true
  }
  if (!ask.interactive || error.code !== 'SOURCE_REFUSED' || !/user name|authorized/.test(error.message)) return false
  ask.say(`${paint('yellow', '!')} ${error.message}`)
  entry.user = await ask.text('User name:', entry.user ?? '')
  if (entry.user === '') return false
  entry.passwordFile = storePassword(entry.folder, await ask.secret('Password: '))
  return true
}

function describe({ topics, messages, more }: Listened, entry: Entry, ask: Asker): Plant {
  const now = Date.now()
  const own = topics.filter(({ topic }) => !topic.startsWith('millwright/'))
  const sparkplug = own.filter(({ topic }) => topic.startsWith('spBv1.0/'))
  const known = own
    .filter(({ topic }) => !topic.startsWith('spBv1.0/'))
    .flatMap((heard): Known[] => {
      const found = recognise(heard.payload, now)
      return found && /^[^{}]*$/.test(heard.topic) ? [{ heard, found }] : []
    })
  const usable = known.filter(({ found }) => [...found.fields.values()].some((type) => type !== 'text'))
  const unusable = known.filter((one) => !usable.includes(one))
  ask.say(`${messages} messages on ${topics.length} topics`)
  ask.say(table([...usable, ...unusable].slice(0, 20).map(rowOf)))
  if (known.length > 20) ask.say(`  and ${known.length - 20} more topics`)
  if (more) ask.say(`${paint('yellow', '!')} there are more topics than were kept: narrow them with --filter`)
  if (sparkplug.length > 0)
    ask.say(
      `${paint('yellow', '!')} ${sparkplug.length} topics speak Sparkplug B: they need a connector of type sparkplug`,
    )
  const rules = rulesOf(usable)
  return {
    about: [`Made by \`millwright init ${entry.url}\`, from ${messages} messages on ${topics.length} topics.`],
    tags: usable.flatMap((one) => tagsOf(one, rules)),
    interval: median(usable.flatMap(({ heard }) => intervalOf(heard) ?? [])),
    lines: (wants) => [...connectionLines(entry), ...topicLines(rules, usable, unusable, wants)],
  }
}

function rowOf({ heard, found: { format, preset, fields, timed, timeField, problem } }: Known): string[] {
  const names = [...fields].map(([field, type]) => (field === '' ? type : `${harmless(fieldName(field))} (${type})`))
  const time = timed ? `time ${timeField ?? 'in the payload'}` : 'time of arrival'
  const what =
    fields.size > 0
      ? `${names.slice(0, 4).join(', ')}${names.length > 4 ? ` and ${names.length - 4} more` : ''}; ${time}`
      : ''
  return [
    harmless(heard.topic),
    preset ?? format,
    paceText(intervalOf(heard)),
    [what, problem && paint('yellow', harmless(problem))].filter(Boolean).join(' '),
  ]
}

function intervalOf({ messages, retained, first, last }: HeardTopic): number | undefined {
  const live = messages - retained
  return live > 1 && last > first ? (last - first) / (live - 1) : undefined
}

function median(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : [...values].sort((a, b) => a - b)[values.length >> 1]
}

// ---------------------------------------------------------------- topics to tags

/** An entry of `topics`. */
export interface Rule {
  readonly filter: string
  readonly tag: string
  readonly timeField: string | undefined
  readonly valueField: string | undefined
  readonly preset: Recognised['preset']
  readonly items: Recognised['items']
}

/** Entries for topics that are built alike, special ones before general ones, for the first that matches counts. */
function rulesOf(known: readonly Known[]): Rule[] {
  const firsts = new Set(known.map(({ heard }) => heard.topic.split('/')[0]))
  const groups = new Map<string, Known[]>()
  for (const one of known) {
    const levels = one.heard.topic.split('/')
    const key = `${levels.length}\n${levels.length > 1 ? levels[0] : ''}`
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  return [...groups.values()].flatMap((group) => {
    const readings = new Map<string, Known[]>()
    for (const one of group) {
      const { timeField, valueField, preset, items } = one.found
      const key = JSON.stringify([timeField, valueField, preset, items])
      readings.set(key, [...(readings.get(key) ?? []), one])
    }
    const [usual, ...others] = [...readings.values()].sort((a, b) => b.length - a.length)
    const special = others.flat().map((one) => ruleOf([one.heard.topic], one.found, firsts.size === 1))
    return [
      ...special,
      ruleOf(
        usual.map(({ heard }) => heard.topic),
        usual[0].found,
        firsts.size === 1,
      ),
    ]
  })
}

/** Levels that differ, or end with a number and so may, become `+`; a first level that all topics share names nothing. */
function ruleOf(topics: readonly string[], found: Recognised, sameFirst: boolean): Rule {
  const split = topics.map((topic) => topic.split('/'))
  const depth = split[0].length
  const open = split[0].map((level, index) => {
    const varies = split.some((levels) => levels[index] !== level)
    return varies || (topics.length > 1 && index < depth - 1 && /\d$/.test(level))
  })
  let count = 0
  const names = split[0].map((level, index) => (open[index] ? `{${++count}}` : level))
  const filter = split[0].map((level, index) => (open[index] ? '+' : level)).join('/')
  const drop = sameFirst && depth > 2 && !open[0] ? 1 : 0
  const { timeField, valueField, preset, items } = found
  const place = names.slice(drop).join('/')
  const tag = preset ? '{item}' : items ? `${place}/{item}` : place
  return { filter, tag, timeField, valueField, preset, items }
}

function tagsOf({ heard, found }: Known, rules: readonly Rule[]): ProposedTag[] {
  const rule = rules.find(({ filter }) => matchFilter(filter, heard.topic))
  if (!rule) return []
  const captures = matchFilter(rule.filter, heard.topic)!
  return [...found.fields].flatMap(([field, type]) => {
    const tag = tagName(rule.tag, heard.topic, captures, field === rule.valueField ? '' : field)
    return tag === undefined ? [] : [{ tag, type }]
  })
}

function connectionLines({ url, version, user, passwordFile, ca }: Entry): string[] {
  return [
    'type: mqtt',
    `url: ${scalar(url)}`,
    ...(version === 5 ? [] : ['version: 3.1.1 # the broker does not speak 5']),
    ...(user === undefined ? [] : [`username: ${scalar(user)}`]),
    ...(passwordFile === undefined ? [] : [`password_file: ${scalar(passwordFile)}`]),
    ...(ca === undefined ? [] : [`tls: ${flow({ ca })}`]),
  ]
}

function topicLines(
  rules: readonly Rule[],
  usable: readonly Known[],
  unusable: readonly Known[],
  wants: (tag: string) => boolean,
): string[] {
  const wanted = rules.filter((rule) =>
    usable.some((one) => ruleFor(rules, one) === rule && tagsOf(one, rules).some(({ tag }) => wants(tag))),
  )
  return [
    'topics:',
    ...wanted.flatMap((rule) => {
      const own = usable.filter((one) => ruleFor(rules, one) === rule)
      const example = tagsOf(own[0], rules).at(0)?.tag ?? ''
      return [
        `  # ${comment(`${own[0].heard.topic} (${own[0].found.format}) becomes ${example}`)}`,
        `  - ${ruleFlow(rule)}`,
      ]
    }),
    ...unusable
      .slice(0, 20)
      .map(({ heard, found }) => `  # no numbers: ${comment(`${heard.topic} (${found.problem ?? 'texts'})`)}`),
  ]
}

function ruleFor(rules: readonly Rule[], { heard }: Known): Rule | undefined {
  return rules.find(({ filter }) => matchFilter(filter, heard.topic))
}

function ruleFlow({ filter, tag, timeField, valueField, preset, items }: Rule): string {
  const said = Object.entries((items ?? {}) as Record<string, string | undefined>)
  const rule = Object.fromEntries(said.filter((pair): pair is [string, string] => pair[1] !== undefined))
  return flow({
    filter,
    ...(preset ? { preset } : { tag }),
    ...(items && { items: rule }),
    ...(timeField !== undefined && { time: { field: timeField } }),
    ...(valueField !== undefined && { values: valueField }),
  })
}
