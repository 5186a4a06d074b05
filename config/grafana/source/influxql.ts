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
  type Summary,
} from './question.ts'

/** InfluxQL: InfluxDB 1.x, and 3 through its compatible endpoint. */
export const influxql: Dialect = {
  name: 'influxql',
  query,
  choices: ({ tag, from, where }: Choice) =>
    `SHOW TAG VALUES FROM ${name(from)} WITH KEY = ${name(tag)}${where.length > 0 ? ` WHERE ${where.map(condition).join(' AND ')}` : ''}`,
  target: (question, refId) =>
    new Target({
      refId,
      query: query(question),
      rawQuery: true,
      resultFormat: question.shape === 'trend' ? 'time_series' : 'table',
      ...(question.shape === 'trend' && { alias: alias(question) }),
    }),
  marks: ({ question, title, text, tags }: Marks) => ({
    query: query(question),
    titleColumn: title,
    textColumn: text,
    tagsColumn: tags.join(','),
  }),
  displayName: () => undefined,
}

function query(question: Question): string {
  const { from, where, by } = question
  const filter = ['$timeFilter', ...where.map(condition)].join(' AND ')
  const tail = `FROM ${name(from)} WHERE ${filter}`
  switch (question.shape) {
    case 'list':
      return `SELECT ${[...by.map((tag) => `${name(tag)}::tag`), ...question.columns.map(name)].join(', ')} ${tail} ORDER BY time DESC LIMIT 500`
    case 'trend':
      return `SELECT ${question.curves.map(curve).join(', ')} ${tail} GROUP BY ${['time($__interval)', ...by.map(name)].join(', ')} fill(none)`
    case 'newest':
      return `SELECT ${question.columns.map((column) => select('last', column)).join(', ')} ${tail}${grouped(by)}`
    case 'total':
      return `SELECT ${select(question.how, question.column)} ${tail}${grouped(by)}`
  }
}

function grouped(by: readonly string[]): string {
  return by.length > 0 ? ` GROUP BY ${by.map(name).join(', ')}` : ''
}

/** Many columns at once cannot be renamed here: Grafana does it. */
function curve(one: Curve): string {
  return 'matching' in one ? `${one.how}(/${one.matching}/)` : select(one.how, one)
}

function select(how: Summary, { field, per, as }: Column): string {
  const summary = (of: string) =>
    how === 'rate' ? `non_negative_derivative(last(${name(of)}), 1s)` : `${how}(${name(of)})`
  return `${summary(field)}${per === undefined ? '' : ` / ${summary(per)}`} AS ${name(as)}`
}

function condition(one: Condition): string {
  if ('variable' in one) return `${name(one.tag)} =~ /^$${one.variable}$/`
  const key = name('tag' in one ? one.tag : one.field)
  return `(${one.is.map((value) => `${key} = '${value}'`).join(' OR ')})`
}

/** `pump7 pump-health score` */
function alias(question: QuestionOf<'trend'>): string {
  const tags = question.by.map((tag) => `$tag_${tag}`)
  return [...tags, ...(namesCurves(question) ? ['$col'] : [])].join(' ')
}

function name(text: string): string {
  return `"${text}"`
}
