import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphDrawStyle,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import {
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type DataTransformerConfig,
  type DynamicConfigValue,
  type Panel,
  type Threshold,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as StatesBuilder } from '@grafana/grafana-foundation-sdk/statetimeline'
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table'
import { PanelBuilder as TrendBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import type { Dialect, Question } from './question.ts'

/** A panel before its queries are written in a language. */
export type Sketch = (dialect: Dialect) => Builder<Panel>

/** What panels of every kind have. `span` is of 24 columns, `height` in rows of 30 px. */
export interface PanelOptions {
  readonly title: string
  readonly description?: string
  readonly unit?: string
  readonly decimals?: number
  readonly span: number
  readonly height: number
  readonly questions: readonly Question[]
  readonly thresholds?: readonly Threshold[]
  readonly mappings?: readonly ValueMapping[]
  readonly noValue?: string
  /** Grafana's properties of single columns, by their name or a pattern of it, `/^contribution_/`. */
  readonly columns?: Readonly<Record<string, readonly DynamicConfigValue[]>>
  readonly transformations?: readonly DataTransformerConfig[]
}

/** How a trend is drawn. */
export interface TrendOptions extends PanelOptions {
  readonly draw?: 'lines' | 'stacked' | 'shares' | 'bars' | 'steps'
  readonly min?: number
  readonly max?: number
}

/** Where every panel's data comes from: the dashboard's first variable. */
export const datasource = { type: 'influxdb', uid: '${datasource}' } as const

type Common = Builder<Panel> & {
  title(text: string): Common
  description(text: string): Common
  datasource(ref: typeof datasource): Common
  span(columns: number): Common
  height(rows: number): Common
  targets(all: ReturnType<Dialect['target']>[]): Common
  unit(unit: string): Common
  decimals(count: number): Common
  displayName(name: string): Common
  noValue(text: string): Common
  mappings(all: ValueMapping[]): Common
  thresholds(all: Builder<ReturnType<ThresholdsConfigBuilder['build']>>): Common
  transformations(all: DataTransformerConfig[]): Common
  overrideByName(name: string, properties: DynamicConfigValue[]): Common
  overrideByRegexp(pattern: string, properties: DynamicConfigValue[]): Common
}

function dress<Kind extends Common>(panel: Kind, options: PanelOptions, dialect: Dialect): Kind {
  const { title, span, height, questions, columns = {} } = options
  panel.title(title).datasource(datasource).span(span).height(height)
  panel.targets(questions.map((question, index) => dialect.target(question, String.fromCharCode(65 + index))))
  const displayName = questions.length === 1 ? dialect.displayName(questions[0]) : undefined
  if (displayName !== undefined) panel.displayName(displayName)
  if (options.description !== undefined) panel.description(options.description)
  if (options.unit !== undefined) panel.unit(options.unit)
  if (options.decimals !== undefined) panel.decimals(options.decimals)
  if (options.noValue !== undefined) panel.noValue(options.noValue)
  if (options.mappings) panel.mappings([...options.mappings])
  if (options.transformations) panel.transformations([...options.transformations])
  if (options.thresholds) {
    panel.thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([...options.thresholds]))
  }
  for (const [column, properties] of Object.entries(columns)) {
    if (column.startsWith('/')) panel.overrideByRegexp(column, [...properties])
    else panel.overrideByName(column, [...properties])
  }
  return panel
}

/** Curves over time. */
export const trend =
  (options: TrendOptions): Sketch =>
  (dialect) => {
    const { draw = 'lines', thresholds, min, max } = options
    const panel = dress(new TrendBuilder() as TrendBuilder & Common, options, dialect)
    panel.showPoints(VisibilityMode.Auto).spanNulls(60_000).lineWidth(1)
    panel.tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
    panel.legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true),
    )
    if (min !== undefined) panel.min(min)
    if (max !== undefined) panel.max(max)
    if (draw === 'bars') panel.drawStyle(GraphDrawStyle.Bars).fillOpacity(60)
    if (draw === 'stacked' || draw === 'shares') {
      const mode = draw === 'stacked' ? StackingMode.Normal : StackingMode.Percent
      panel.drawStyle(GraphDrawStyle.Bars).fillOpacity(60).stacking(new StackingConfigBuilder().mode(mode))
    }
    if (thresholds) panel.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Line))
    return panel
  }

/** Figures at a glance: the last value of each series, or of each row. */
export const figures =
  (options: PanelOptions & { readonly sum?: boolean }): Sketch =>
  (dialect) => {
    const { questions, sum = false } = options
    const rows = questions.every(({ shape }) => shape !== 'trend')
    const reduce = new ReduceDataOptionsBuilder().calcs([sum ? 'sum' : 'lastNotNull'])
    return dress(new StatBuilder() as StatBuilder & Common, options, dialect)
      .reduceOptions(rows && !sum ? reduce.values(true) : reduce)
      .colorMode(BigValueColorMode.Value)
      .graphMode(rows ? BigValueGraphMode.None : BigValueGraphMode.Area)
  }

/** States over time, each in its colour. */
export const states =
  (options: PanelOptions): Sketch =>
  (dialect) => {
    return dress(new StatesBuilder() as StatesBuilder & Common, options, dialect)
      .showValue(VisibilityMode.Auto)
      .rowHeight(0.8)
  }

/** Rows. The times of figures over a range say nothing and are hidden. */
export const table =
  (options: PanelOptions): Sketch =>
  (dialect) => {
    const listed = options.questions.every(({ shape }) => shape === 'list')
    const hidden: PanelOptions['columns'] = listed ? {} : { Time: [{ id: 'custom.hidden', value: true }] }
    return dress(
      new TableBuilder() as TableBuilder & Common,
      { ...options, columns: { ...hidden, ...options.columns } },
      dialect,
    )
  }

/** Texts with their colours. */
export function colours(texts: Readonly<Record<string, string>>): ValueMapping[] {
  const options = Object.fromEntries(
    Object.entries(texts).map(([text, color], index) => [text, { color, index, text }]),
  )
  return [{ type: MappingType.ValueToText, options }]
}

/** A column whose cells have the colour of their text or threshold. */
export const coloured: DynamicConfigValue = {
  id: 'custom.cellOptions',
  value: { type: 'color-background', mode: 'basic' },
}
