/** What the end of a value in line protocol says of its type. */
const literals: Readonly<Record<string, RegExp>> = {
  integer: /^-?\d+i[, \n]/,
  float: /^[-+]?[\d.]+(e[-+]?\d+)?[, \n]/i,
  string: /^"/,
  boolean: /^(true|false|t|f)[, \n]/i,
}

/** A field type conflict names measurement, field and type: the lines with such a value are the ones to look at. */
export function suspicion(words: string): (line: Buffer) => boolean {
  const conflict = /input field "(.+?)" on measurement "(.+?)" is type (\w+)/.exec(words)
  if (!conflict) return () => false
  const [, field, measurement, type] = conflict
  const literal = (literals[type] as RegExp | undefined) ?? /^/
  return (line) => {
    if (!line.subarray(0, measurement.length + 1).equals(Buffer.from(`${measurement},`))) return false
    const text = line.toString('utf8')
    for (const before of [' ', ',']) {
      const at = text.indexOf(`${before}${field}=`)
      if (at >= 0 && literal.test(text.slice(at + field.length + 2))) return true
    }
    return false
  }
}

/** What an administrator can do, by the words of the server; undefined where they are not known. */
export function remedyOf(words: string): string | undefined {
  return remedies.find(([pattern]) => pattern.test(words))?.[1]
}

const remedies: readonly (readonly [RegExp, string])[] = [
  [
    /field type conflict/i,
    'The field has another type in this database: write to another database or measurement, or drop the old series.',
  ],
  [
    /beyond retention policy/i,
    'The time is older than the retention policy keeps: lengthen it, or write to one that keeps longer.',
  ],
  [/max-values-per-tag/i, 'Raise max-values-per-tag in the configuration of InfluxDB.'],
  [/max-series/i, 'Raise max-series-per-database in the configuration of InfluxDB.'],
  [/too large/i, 'Raise the body size that the server or the proxy in front of it takes.'],
]
