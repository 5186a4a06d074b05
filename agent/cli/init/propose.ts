import { type TagType, assetPattern } from '../../core/index.ts'

/** A tag that the configuration will make. */
export interface ProposedTag {
  readonly tag: string
  readonly type: TagType
}

/** Machines of a kind: the pattern that finds them, and what is there now. */
export interface ProposedClass {
  readonly name: string
  readonly pattern: string
  readonly assets: readonly string[]
  /** Roles with numbers, which a monitor can look at. */
  readonly roles: readonly string[]
}

interface Machine {
  readonly levels: readonly string[]
  readonly roles: Set<string>
}

/**
 * Finds the machines in the names of tags: the last level is the signal, what stands before it the machine. Machines whose
 * name differs in a number only (`pump1`, `pump7`) are of a kind, as are neighbours with the same signals. No tag belongs to
 * two classes.
 */
export function proposeClasses(tags: readonly ProposedTag[]): ProposedClass[] {
  const machines = machinesOf(tags)
  const names = new Set<string>()
  return groupsBy(machines, familyOf(machines))
    .flatMap((group) => wellNamed(group, machines))
    .map(({ pattern, group }) => toClass(pattern, group, names))
}

interface Named {
  readonly pattern: string
  readonly group: readonly Machine[]
}

/** A group as one where a pattern finds exactly its machines; else the kinds in it, else each alone. */
function wellNamed(group: readonly Machine[], machines: readonly Machine[]): Named[] {
  const pattern = patternOf(group)
  if (machines.every((machine) => covers(pattern, machine) === group.includes(machine))) return [{ pattern, group }]
  const kinds = groupsBy(group, kindOf)
  if (kinds.length > 1) return kinds.flatMap((kind) => wellNamed(kind, machines))
  return group.map((machine) => ({ pattern: literal(machine), group: [machine] }))
}

function groupsBy(machines: readonly Machine[], key: (machine: Machine) => string): Machine[][] {
  const groups = new Map<string, Machine[]>()
  for (const machine of machines) groups.set(key(machine), [...(groups.get(key(machine)) ?? []), machine])
  return [...groups.values()]
}

/** Machines of a kind, and those with the same signals that are the same part of different machines: `press1/hydraulics`. */
function familyOf(machines: readonly Machine[]): (machine: Machine) => string {
  const parts = new Map<string, string>()
  for (const machine of machines) {
    const kind = kindOf(machine)
    const part = partOf(machine)
    if (!parts.has(part)) parts.set(part, kind)
  }
  return (machine) => parts.get(partOf(machine))!
}

function partOf({ levels, roles }: Machine): string {
  const last = levels.at(-1)
  return last === undefined || stem(last) !== undefined
    ? kindOf({ levels, roles })
    : [levels.length, last, ...[...roles].sort()].join('\n')
}

function machinesOf(tags: readonly ProposedTag[]): Machine[] {
  const machines = new Map<string, Machine>()
  for (const { tag, type } of tags) {
    const levels = tag.split('/')
    const role = levels.pop()!
    const key = levels.join('/')
    const machine = machines.get(key) ?? { levels, roles: new Set() }
    machines.set(key, machine)
    if (type === 'number' || type === 'integer') machine.roles.add(role)
  }
  return [...machines.values()].filter(({ roles }) => roles.size > 0)
}

const numbered = /^(.*?\D)\d+$/

/** `pump7` -> `pump`; undefined where a name does not end with a number. */
function stem(name: string): string | undefined {
  return numbered.exec(name)?.[1]
}

function kindOf({ levels, roles }: Machine): string {
  const last = levels.at(-1)
  if (last === undefined) return 'plant'
  const own = stem(last)
  if (own !== undefined) return `${levels.length} ${own}`
  return [levels.length, ...levels.slice(0, -1).map((level) => stem(level) ?? level), ...[...roles].sort()].join('\n')
}

function patternOf(group: readonly Machine[]): string {
  const depth = group[0].levels.length
  const used = new Set(['role', 'n'])
  const levels = Array.from({ length: depth }, (_, level) => {
    const names = [...new Set(group.map(({ levels }) => levels[level]))]
    const common = stem(names[0])
    const alike = common !== undefined && names.every((name) => stem(name) === common)
    if (level === depth - 1 && alike) return `${common}{n}`
    if (names.length === 1 && !alike) return names[0]
    const word = placeholder(alike ? common : level === depth - 1 ? 'machine' : 'area', used)
    return `{${word}}`
  })
  return [...levels, '{role}'].join('/')
}

function placeholder(wanted: string, used: Set<string>): string {
  const plain =
    wanted
      .toLowerCase()
      .replace(/[\W_]+/g, '_')
      .replace(/^[\d_]+|_+$/g, '') || 'area'
  let word = plain
  for (let count = 2; used.has(word); count++) word = `${plain}${count}`
  used.add(word)
  return word
}

function literal({ levels }: Machine): string {
  return [...levels, '{role}'].join('/')
}

function covers(pattern: string, { levels }: Machine): boolean {
  return assetPattern(pattern).test([...levels, 'x'].join('/'))
}

function toClass(pattern: string, group: readonly Machine[], names: Set<string>): ProposedClass {
  const last = group[0].levels.at(-1) ?? 'plant'
  const isShared = group.every(({ levels }) => (levels.at(-1) ?? 'plant') === last)
  const own = !isShared && !stem(last) ? (group[0].levels.at(-2) ?? 'machine') : (stem(last) ?? last)
  const plain =
    own
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '') || 'machine'
  let name = plain
  for (let count = 2; names.has(name); count++) name = `${plain}-${count}`
  names.add(name)
  return {
    name,
    pattern,
    assets: group.map(({ levels }) => levels.join('/')),
    roles: [...new Set(group.flatMap(({ roles }) => [...roles]))],
  }
}

/** Levels of a tag name from names of the plant: without what patterns and topics give a meaning to. */
export function tagLevels(path: readonly string[]): string[] {
  const names = path.length === 1 ? path[0].split(/[./]/) : path.flatMap((name) => name.split('/'))
  return names
    .map((name) =>
      name
        .trim()
        .replace(/["'`]/g, '')
        .replace(/[{}*+#\p{Cc}\s]+/gu, '_'),
    )
    .filter((name) => name !== '')
}

/** The same names made unique by a number. */
export function unique(names: readonly string[]): string[] {
  const known = new Set<string>()
  return names.map((wanted) => {
    let name = wanted
    for (let count = 2; known.has(name); count++) name = `${wanted}_${count}`
    known.add(name)
    return name
  })
}
