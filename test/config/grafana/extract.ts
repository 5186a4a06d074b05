import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { choices } from './plant.ts'

const folder = join(import.meta.dirname, '..', '..', '..', 'config', 'grafana')

/** A query as Grafana finds it in a file. */
export interface Found {
  /** Dashboard or file, and the panel, variable, annotation or rule in it. */
  readonly where: string
  readonly query: string
}

/** A dashboard as JSON, as far as tests look at it. */
export interface DashboardFile {
  readonly uid: string
  readonly title: string
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly query: unknown }[]
  }
  /** Absent where the dashboard has none. */
  readonly annotations: {
    readonly list?: readonly {
      readonly name: string
      readonly query?: string
      readonly target?: { readonly query: string }
    }[]
  }
  readonly panels: readonly PanelFile[]
}

export interface PanelFile {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly query: string }[]
}

export interface RuleFile {
  readonly title: string
  readonly data: readonly { readonly refId: string; readonly model: { readonly query?: string } }[]
}

export function dashboards(dialect: string): DashboardFile[] {
  const dashboardFolder = join(folder, dialect, 'dashboards')
  return readdirSync(dashboardFolder).map(
    (file) => JSON.parse(readFileSync(join(dashboardFolder, file), 'utf8')) as DashboardFile,
  )
}

export function rules(dialect: string): readonly RuleFile[] {
  const text = readFileSync(join(folder, dialect, 'provisioning', 'alerting', 'millwright.yaml'), 'utf8')
  return (parse(text) as { groups: { rules: RuleFile[] }[] }).groups.flatMap((group) => group.rules)
}

/** Every query of every committed dashboard and alert rule. */
export function queries(dialect: string): Found[] {
  return [...dashboards(dialect).flatMap(ofDashboard), ...rules(dialect).flatMap(ofRule)]
}

function ofDashboard({ title, templating, annotations, panels }: DashboardFile): Found[] {
  const variables = templating.list.filter(({ type }) => type === 'query')
  return [
    ...variables.map(({ name, query }) => ({
      where: `${title}, variable ${name}`,
      query: typeof query === 'string' ? query : (query as { query: string }).query,
    })),
    ...(annotations.list ?? []).map(({ name, query, target }) => ({
      where: `${title}, marks "${name}"`,
      query: (query ?? target?.query)!,
    })),
    ...panels.flatMap((panel) =>
      (panel.targets ?? []).map(({ query }, index) => ({
        where: `${title}, panel "${panel.title}" ${index + 1}`,
        query,
      })),
    ),
  ]
}

function ofRule({ title, data }: RuleFile): Found[] {
  return data.flatMap(({ model: { query } }) => (query === undefined ? [] : [{ where: `alert "${title}"`, query }]))
}

/** From and to, ms since epoch. */
export type Range = readonly [number, number]

/** As Grafana sends it: values of variables escaped for a regular expression, its macros replaced. */
export function influxqlOf(query: string, [from, to]: Range, all: boolean): string {
  return query
    .replaceAll('$timeFilter', `time >= ${from}ms and time <= ${to}ms`)
    .replaceAll('$__interval', '10s')
    .replace(/\$(\w+)/g, (whole, name: string) => (name in choices ? chosen(name, all) : whole))
}

/** The same for Flux. */
export function fluxOf(query: string, [from, to]: Range, bucket: string, all: boolean): string {
  return query
    .replaceAll('v.timeRangeStart', new Date(from).toISOString())
    .replaceAll('v.timeRangeStop', new Date(to).toISOString())
    .replaceAll('v.windowPeriod', '10000ms')
    .replaceAll('v.defaultBucket', `"${bucket}"`)
    .replace(/\$\{(\w+):regex\}/g, (_, name: string) => chosen(name, all))
}

function chosen(variable: string, all: boolean): string {
  if (all) return '.*'
  const values = choices[variable].map((value) => value.replace(/[\\^$*+?.()|[\]{}/]/g, '\\$&'))
  return values.length === 1 ? values[0] : `(${values.join('|')})`
}
