/** A point as the documentation of line protocol reads it; written apart from the product's own writer. */
export interface RecordedPoint {
  readonly measurement: string
  readonly tags: Readonly<Partial<Record<string, string>>>
  /** Floats as numbers, integers as bigints. */
  readonly fields: Readonly<Record<string, number | bigint | boolean | string>>
  /** In the precision of the request. */
  readonly time: bigint
}

/** Reads line protocol strictly: throws an Error that quotes the line for anything the documentation does not allow. */
export function parseLines(text: string): RecordedPoint[] {
  const points: RecordedPoint[] = []
  let at = 0
  while (at < text.length) {
    const start = at
    const fail = (why: string): never => {
      throw new Error(`unable to parse '${text.slice(start, start + 120)}': ${why}`)
    }
    /** Reads to the first unescaped character of `ends`, undoing escapes of `escapable`. */
    const token = (ends: string, escapable: string): string => {
      let value = ''
      for (; at < text.length && !ends.includes(text[at]); at++) {
        if (text[at] === '\n') fail('line break in a key')
        if (text[at] === '\\' && at + 1 < text.length && escapable.includes(text[at + 1])) at++
        value += text[at]
      }
      return value
    }
    const measurement = token(', \n', ', ')
    if (measurement === '') fail('missing measurement')
    const tags: Record<string, string> = {}
    let lastKey = ''
    while (text[at] === ',') {
      at++
      const key = token('=, \n', '=, ')
      if (key === '' || text[at] !== '=') fail('missing tag value')
      at++
      const value = token(', \n=', '=, ')
      if (value === '' || text[at] === '=') fail(`bad value of tag ${key}`)
      if (key <= lastKey) fail(`tags are not sorted or occur twice: ${key}`)
      tags[key] = value
      lastKey = key
    }
    if (text[at] !== ' ') fail('missing fields')
    const fields: Record<string, number | bigint | boolean | string> = {}
    do {
      at++
      const key = token('=, \n', '=, ')
      if (key === '' || text[at] !== '=') fail('missing field value')
      if (key in fields || key in tags) fail(`field ${key} occurs twice`)
      at++
      fields[key] = fieldValue()
    } while (text[at] === ',')
    if (text[at] !== ' ') fail('missing time')
    at++
    const time = token('\n', '')
    if (!/^-?\d+$/.test(time)) fail('bad timestamp')
    if (text[at] !== '\n') fail('line does not end')
    at++
    points.push({ measurement, tags, fields, time: BigInt(time) })

    function fieldValue(): number | bigint | boolean | string {
      if (text[at] === '"') {
        let value = ''
        for (at++; at < text.length && text[at] !== '"'; at++) {
          if (text[at] === '\\' && (text[at + 1] === '"' || text[at + 1] === '\\')) at++
          value += text[at]
        }
        if (text[at] !== '"') fail('unbalanced quotes')
        at++
        return value
      }
      const word = token(', \n', '')
      if (/^-?\d+i$/.test(word)) {
        const integer = BigInt(word.slice(0, -1))
        return BigInt.asIntN(64, integer) === integer ? integer : fail('integer out of range')
      }
      if (/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(word)) return Number(word)
      if (word === 'true' || word === 'false') return word === 'true'
      return fail(`invalid value ${word}`)
    }
  }
  return points
}

/** Where a point is kept: another with the same key replaces its fields. */
export function pointKey(point: RecordedPoint): string {
  return JSON.stringify([point.measurement, Object.entries(point.tags).sort(), point.time.toString()])
}
