import {
  namesCurves,
  Target,
  type Choice,
  type Column,
  type Condition,
  type Curve,
  type Dialect,
  type Marks,
  type Question,
  type QuestionOf,
} from './question.ts'

/** Flux: InfluxDB 2.x. */
export const flux: Dialect = {
  name: 'flux',
  query,
  choices: ({ tag, from, where }: Choice) =>
    [
      'import "influxdata/influxdb/v1"',
      `v1.tagValues(bucket: v.defaultBucket, tag: "${tag}", start: -30d, predicate: (r) => ${predicate(from, where)})`,
    ].join('\n'),
  target: (question, refId) => new Target({ refId, query: query(question) }),
  marks: ({ question, title, text, tags }: Marks) => ({
    target: { refId: 'Anno', query: query(question) },
    mappings: Object.fromEntries(
      Object.entries({ time: 'time', title, text, tags: tags[0] }).map(([key, value]) => [
        key,
        { source: 'field', value },
      ]),
    ),
  }),
  displayName: (question) => {
    if (question.shape !== 'trend') return undefined
    const tags = question.by.map((tag) => `\${__field.labels.${tag}}`)
    return [...tags, ...(namesCurves(question) ? ['${__field.name}'] : [])].join(' ')
  },
}

function query(question: Question): string {
  switch (question.shape) {
    case 'list':
      return chain(list(question))
    case 'trend':
      return question.curves.map((curve) => chain(trend(question, curve))).join('\n\n')
    case 'newest':
      return chain(newest(question))
    case 'total':
      return chain(total(question))
  }
}

function trend(question: QuestionOf<'trend'>, curve: Curve): string[] {
  const name = 'matching' in curve ? curve.matching : curve.as
  return [
    ...read(question, 'matching' in curve ? matching(curve.matching) : among(fieldsOf([curve]))),
    group([...question.by, '_field']),
    `aggregateWindow(every: v.windowPeriod, fn: ${curve.how === 'rate' ? 'last' : curve.how}, createEmpty: false)`,
    ...(curve.how === 'rate' ? ['derivative(unit: 1s, nonNegative: true)'] : []),
    ...('matching' in curve ? [] : [...quotient(curve, '_time'), `set(key: "_field", value: "${curve.as}")`]),
    `yield(name: "${name}")`,
  ]
}

/** The rows of a group are in no order: the newest of each series first, then the newest of those. */
function newest(question: QuestionOf<'newest'>): string[] {
  const { by, columns } = question
  return [
    ...read(question, among(fieldsOf(columns))),
    'last()',
    group([...by, '_field']),
    'sort(columns: ["_time"])',
    'last()',
    `pivot(rowKey: [${texts(by)}], columnKey: ["_field"], valueColumn: "_value")`,
    'group()',
    ...columns
      .filter(({ field, as }) => field !== as)
      .map(({ field, per, as }) => {
        const value = per === undefined ? `r.${field}` : `r.${field} / r.${per}`
        return `map(fn: (r) => ({r with "${as}": ${value}}))`
      }),
    keep([...by, ...columns.map(({ as }) => as)]),
  ]
}

function total(question: QuestionOf<'total'>): string[] {
  const { by, how, column } = question
  return [
    ...read(question, among([column.field])),
    group(by),
    `${how}()`,
    'group()',
    `rename(columns: {_value: "${column.as}"})`,
    keep([...by, column.as]),
  ]
}

function list(question: QuestionOf<'list'>): string[] {
  return [
    ...read(question, among(question.columns)),
    `pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")`,
    'group()',
    keep(['_time', ...question.by, ...question.columns]),
    'sort(columns: ["_time"], desc: true)',
    'limit(n: 500)',
    'rename(columns: {_time: "time"})',
  ]
}

function read({ from, where }: Question, fields: string): string[] {
  const tags = where.filter((condition) => 'tag' in condition)
  const values = where.filter((condition) => 'field' in condition)
  return [
    'from(bucket: v.defaultBucket)',
    'range(start: v.timeRangeStart, stop: v.timeRangeStop)',
    `filter(fn: (r) => ${predicate(from, tags)} and ${fields})`,
    ...values.map(({ is }) => `filter(fn: (r) => ${oneOf('_value', is)})`),
  ]
}

/** One field divided by another that was recorded with it. */
function quotient({ field, per }: Column, key: string): string[] {
  if (per === undefined) return []
  return [
    `pivot(rowKey: ["${key}"], columnKey: ["_field"], valueColumn: "_value")`,
    `filter(fn: (r) => exists r.${field} and exists r.${per})`,
    `map(fn: (r) => ({r with _value: r.${field} / r.${per}}))`,
    `drop(columns: [${texts([field, per])}])`,
  ]
}

function predicate(from: string, where: readonly Condition[]): string {
  const parts = where.map((condition) => {
    if ('variable' in condition) return `r.${condition.tag} =~ /^\${${condition.variable}:regex}$/`
    return oneOf('tag' in condition ? condition.tag : '_value', condition.is)
  })
  return [`r._measurement == "${from}"`, ...parts].join(' and ')
}

function oneOf(column: string, values: readonly string[]): string {
  return `(${values.map((value) => `r.${column} == "${value}"`).join(' or ')})`
}

function fieldsOf(columns: readonly Column[]): string[] {
  return [...new Set(columns.flatMap(({ field, per }) => (per === undefined ? [field] : [field, per])))]
}

function among(fields: readonly string[]): string {
  return oneOf('_field', fields)
}

function matching(pattern: string): string {
  return `r._field =~ /${pattern}/`
}

function group(columns: readonly string[]): string {
  return `group(columns: [${texts(columns)}])`
}

function keep(columns: readonly string[]): string {
  return `keep(columns: [${texts(columns)}])`
}

function texts(all: readonly string[]): string {
  return all.map((text) => `"${text}"`).join(', ')
}

function chain(steps: readonly string[]): string {
  return steps.join('\n  |> ')
}
