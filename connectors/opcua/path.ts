/** A level of a browse path: a name and its namespace, by index or URI. */
export interface Level {
  readonly namespace: number | string
  readonly name: string
}

const mostLevels = 32

/** What is wrong with a browse path; undefined where nothing is. */
export function pathProblem(path: string): string | undefined {
  if (!path.startsWith('/')) return 'a path begins at Root: /Objects/2:Line3/2:Flow'
  const levels = levelsOf(path)
  if (levels.length > mostLevels) return `a path has at most ${mostLevels} levels`
  if (levels.some(({ name }) => name === '')) return 'a level of the path has no name'
  return levels.some(({ namespace }) => typeof namespace === 'number' && namespace > 65_535)
    ? 'the index of a namespace is at most 65535'
    : undefined
}

/**
 * The levels of a path: `/Objects/2:Line3/nsu=http://vendor/plc;Flow`. A name without a namespace is of the standard's own;
 * `&` takes the next character as it is (Part 4, A.2).
 */
export function levelsOf(path: string): Level[] {
  const levels: Level[] = []
  let at = 1
  while (at <= path.length) {
    const prefix = /^(?:nsu=([^;]+);|(\d{1,9}):)/.exec(path.slice(at))
    if (prefix) at += prefix[0].length
    let name = ''
    for (; at < path.length && path[at] !== '/'; at++) {
      if (path[at] === '&' && at + 1 < path.length) at++
      name += path[at]
    }
    at++
    levels.push({ namespace: prefix?.[1] ?? Number(prefix?.[2] ?? 0), name })
  }
  return levels
}

/** A level as it is written in a path. */
export function levelText({ namespace, name }: Level): string {
  const plain = name.replace(/[/&:]/g, '&$&').replace(/^nsu=/, '&nsu=')
  if (typeof namespace === 'string') return `nsu=${namespace};${plain}`
  return namespace === 0 ? plain : `${namespace}:${plain}`
}

/** A path as it is written in the configuration. */
export function pathText(levels: readonly Level[]): string {
  return levels.map((level) => `/${levelText(level)}`).join('')
}

/** Of the names there are those most like a wanted one, the nearest first. */
export function nearest(wanted: string, names: readonly string[], most = 3): string[] {
  const ranked = [...new Set(names)].slice(0, 1_000).map((name) => ({ name, steps: distance(wanted, name) }))
  return ranked.sort((a, b) => a.steps - b.steps).slice(0, most).map(({ name }) => name) // prettier-ignore
}

/** Insertions, deletions and replacements between two texts, upper and lower case alike (Levenshtein, 1965). */
function distance(one: string, other: string): number {
  const [a, b] = [one, other].map((text) => text.toLowerCase().slice(0, 100))
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1))
    row = next
  }
  return row[b.length]
}
