/* eslint-disable @typescript-eslint/no-deprecated -- every Grafana since 9 reads dashboards of this version; the next needs 13 */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
  type AnnotationQuery,
  type Dashboard,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { datasource, type Sketch } from './panels.ts'
import type { Choice, Condition, Dialect, Marks } from './question.ts'

/** A variable that chooses values of a tag; one value, or some or all. */
export interface Variable extends Choice {
  readonly label: string
  readonly single?: boolean
}

/** A dashboard before it is written in a query language. */
export interface Board {
  readonly uid: string
  readonly title: string
  readonly description: string
  /** Beside `site`, which every dashboard has. */
  readonly variables: readonly Variable[]
  readonly marks: readonly Marks[]
  readonly rows: readonly { readonly title: string; readonly panels: readonly Sketch[] }[]
}

/** Name and uid of the provisioned data source. */
export const source = { name: 'Millwright', uid: 'millwright' } as const

/** What the variable of a tag lets through. */
export const chosen = (tag: string): Condition => ({ tag, variable: tag })
export const atSite = chosen('site')
/** What concerns the chosen machines and monitors. */
export const filters = [atSite, chosen('asset'), chosen('monitor')]

const site: Variable = { tag: 'site', label: 'Site', from: 'agent', where: [] }
/** The machines that monitors have something to say about. */
export const asset: Variable = { tag: 'asset', label: 'Machine', from: 'prediction', where: [atSite] }
export const monitor: Variable = { tag: 'monitor', label: 'Monitor', from: 'prediction', where: [atSite] }

/** The dashboard as Grafana reads it. */
export function buildBoard(board: Board, dialect: Dialect): Dashboard {
  const builder = new DashboardBuilder(board.title)
    .uid(board.uid)
    .description(board.description)
    .tags(['millwright'])
    .timezone('browser')
    .time({ from: 'now-1h', to: 'now' })
    .refresh('10s')
    .tooltip(DashboardCursorSync.Crosshair)
    .link(
      new DashboardLinkBuilder('Millwright')
        .type(DashboardLinkType.Dashboards)
        .tags(['millwright'])
        .asDropdown(true)
        .keepTime(true)
        .includeVars(true),
    )
    .withVariable(
      new DatasourceVariableBuilder('datasource')
        .label('Database')
        .type(datasource.type)
        .current({ text: source.name, value: source.uid }),
    )
  for (const one of [site, ...board.variables]) builder.withVariable(variable(one, dialect))
  for (const one of board.marks) builder.annotation(annotation(one, dialect))
  let id = 0
  for (const { title, panels } of board.rows) {
    builder.withRow(new RowBuilder(title).id(++id))
    for (const panel of panels) {
      const built = { ...panel(dialect).build(), id: ++id }
      builder.withPanel({ build: () => built })
    }
  }
  return builder.build()
}

function variable({ label, single = false, ...choice }: Variable, dialect: Dialect): QueryVariableBuilder {
  const query = dialect.choices(choice)
  const builder = new QueryVariableBuilder(choice.tag)
    .label(label)
    .datasource(datasource)
    .query(dialect.name === 'flux' ? { query, refId: choice.tag } : query)
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
  if (single) return builder
  return builder.multi(true).includeAll(true).allValue('.*').current({ text: 'All', value: '$__all' })
}

function annotation(marks: Marks, dialect: Dialect): Builder<AnnotationQuery> {
  const built = new AnnotationQueryBuilder()
    .name(marks.name)
    .datasource(datasource)
    .enable(true)
    .iconColor(marks.color)
    .build()
  return { build: () => ({ ...built, ...dialect.marks(marks) }) }
}
