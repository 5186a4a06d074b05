import { itemEnd, parseLineField } from './formats/index.ts'

/** What is wrong with a topic filter; undefined where nothing is. */
export function filterProblem(filter: string): string | undefined {
  const own = ownFilter(filter)
  if (own === undefined) return 'a shared filter is $share/group/filter'
  if (own === '' || own.includes('\0')) return 'a filter needs at least one level'
  if (Buffer.byteLength(filter) > 65_535) return 'a filter has at most 65,535 bytes'
  const levels = own.split('/')
  const bad = levels.find((level) => level.length > 1 && /[+#]/.test(level))
  if (bad !== undefined) return `+ and # stand alone in a level, not as in "${bad}"`
  const rest = levels.indexOf('#')
  return rest >= 0 && rest < levels.length - 1 ? '# must be the last level' : undefined
}

/** The filter without `$share/group/`; undefined where that is malformed. */
export function ownFilter(filter: string): string | undefined {
  if (!filter.startsWith('$share/')) return filter
  return /^\$share\/[^/+#]+\/(.+)$/s.exec(filter)?.[1]
}

/** Whether every topic that `narrow` matches is matched by `wide`; shared subscriptions stand for themselves. */
export function covers(wide: string, narrow: string): boolean {
  if (wide.startsWith('$share/') || narrow.startsWith('$share/')) return wide === narrow
  return compare(wide.split('/'), narrow.split('/'), (one, other) => one === '+' && other !== '#')
}

/** Whether some topic is matched by both filters. */
export function overlap(one: string, other: string): boolean {
  const either = (a: string, b: string) => a === '+' || b === '+'
  const [a, b] = [one, other].map((filter) => (ownFilter(filter) ?? filter).split('/'))
  return compare(a, b, either) || compare(b, a, either)
}

/** Goes along the levels of both; `#` in `wide` stands for all that is left. */
function compare(wide: string[], narrow: string[], fits: (one: string, other: string) => boolean): boolean {
  if (narrow[0].startsWith('$') && /^[+#]/.test(wide[0])) return false
  for (const [at, level] of wide.entries()) {
    if (level === '#') return true
    if (at >= narrow.length) return false
    if (level !== narrow[at] && !fits(level, narrow[at])) return false
  }
  return wide.length === narrow.length
}

/** What a topic filter's wildcards stood for. */
export interface Captures {
  readonly levels: readonly string[]
  /** What `#` stood for. */
  readonly rest: string
}

/** Matches a topic with a filter after MQTT 5, 4.7; undefined where it does not match. */
export function matchFilter(filter: string, topic: string): Captures | undefined {
  const wanted = (ownFilter(filter) ?? filter).split('/')
  const levels = topic.split('/')
  // Wildcards in the first level do not stand for names that begin with $.
  if (topic.startsWith('$') && /^[+#]/.test(wanted[0])) return undefined
  const captured: string[] = []
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === '#') return { levels: captured, rest: levels.slice(i).join('/') }
    if (i >= levels.length) return undefined
    if (wanted[i] === '+') captured.push(levels[i])
    else if (wanted[i] !== levels[i]) return undefined
  }
  return levels.length === wanted.length ? { levels: captured, rest: '' } : undefined
}

const placeholder = /\{([^{}]*)\}/g

/** What is wrong with a tag template; undefined where nothing is. */
export function templateProblem(template: string, filter: string): string | undefined {
  const levels = (ownFilter(filter) ?? filter).split('/')
  const wildcards = levels.filter((level) => level === '+').length
  for (const [whole, name] of template.matchAll(placeholder)) {
    if (/^\d+$/.test(name)) {
      if (Number(name) < 1 || Number(name) > wildcards) return `${whole}: the filter has ${wildcards} levels of +`
    } else if (name === '#') {
      if (levels.at(-1) !== '#') return '{#}: the filter does not end with #'
    } else if (!/^(topic|field|item|measurement|tag\..+)$/.test(name)) return `${whole} is not known`
  }
  return undefined
}

/** True where the template names each value of a payload by itself. */
export function namesFields(template: string): boolean {
  return template.includes('{field}')
}

/** A field of a payload as people read it. */
export function fieldName(field: string): string {
  return field.replace('\0', ' ').replace(itemEnd, field.endsWith(itemEnd) ? '' : '/')
}

/** The tag a value belongs to; undefined where the template asks for something that is not there. */
export function tagName(template: string, topic: string, captures: Captures, field: string): string | undefined {
  const line = parseLineField(field)
  const end = field.indexOf(itemEnd)
  const item = end < 0 ? undefined : field.slice(0, end)
  const own = line ? line.field : field.slice(end + 1)
  const wanted = template.match(placeholder) ?? []
  if (wanted.some((part) => !valueOf(part))) return undefined
  const name = template.replace(placeholder, (part) => valueOf(part)!)
  const named = item === undefined || template.includes('{item}') ? name : `${name}/${item}`
  if (namesFields(template)) return named
  if (!line) return own === '' ? named : `${named}/${own}`
  // A point's measurement and tags tell it from the others on its topic, unless the template does.
  const series = /\{(measurement|tag\.)/.test(template) ? [] : [line.measurement, ...line.tags.values()]
  return [name, ...series, own].join('/')

  function valueOf(part: string): string | undefined {
    const key = part.slice(1, -1)
    if (key.startsWith('tag.')) return line?.tags.get(key.slice(4))
    if (key === 'topic') return topic
    if (key === 'field') return own
    if (key === 'item') return item === '' ? undefined : item
    if (key === '#') return captures.rest
    if (key === 'measurement') return line?.measurement
    return captures.levels[Number(key) - 1]
  }
}
