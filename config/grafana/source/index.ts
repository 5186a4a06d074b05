import { stringify } from 'yaml'
import { alerting } from './alerts.ts'
import { assetBoard } from './asset.ts'
import { buildBoard, source } from './board.ts'
import { flux } from './flux.ts'
import { influxql } from './influxql.ts'
import { inspection } from './inspection.ts'
import { internals } from './internals.ts'
import { models } from './models.ts'
import { overview } from './overview.ts'
import type { Dialect } from './question.ts'

const boards = [overview, assetBoard, inspection, models, internals]
const dialects = [influxql, flux]

/** Every file that Grafana reads, by its path in `config/grafana`: dashboards, data sources, alert rules. */
export function grafanaFiles(): Record<string, string> {
  return Object.assign(
    {
      'influxql/datasource-3.yaml': yaml(
        datasourceFile(version3),
        'For InfluxDB 3, in place of provisioning/datasources/millwright.yaml.',
      ),
    },
    ...dialects.map(filesOf),
  ) as Record<string, string>
}

function filesOf(dialect: Dialect): Record<string, string> {
  const files: Record<string, string> = {}
  for (const board of boards) {
    const file = `${dialect.name}/dashboards/${board.uid}.json`
    files[file] = `${JSON.stringify(buildBoard(board, dialect), null, 2)}\n`
  }
  const provisioning = `${dialect.name}/provisioning`
  files[`${provisioning}/datasources/millwright.yaml`] = yaml(datasourceFile(dialect === flux ? version2 : version1))
  files[`${provisioning}/dashboards/millwright.yaml`] = yaml(dashboardsFile)
  files[`${provisioning}/alerting/millwright.yaml`] = yaml(alerting(dialect))
  return files
}

/** Grafana fills in `$NAME` from its environment. */
const version1 = {
  url: '$INFLUXDB_URL',
  user: '$INFLUXDB_USER',
  jsonData: { version: 'InfluxQL', dbName: '$INFLUXDB_DATABASE', httpMode: 'POST', timeInterval: '10s' },
  secureJsonData: { password: '$INFLUXDB_PASSWORD' },
}

const version2 = {
  url: '$INFLUXDB_URL',
  jsonData: { version: 'Flux', organization: '$INFLUXDB_ORG', defaultBucket: '$INFLUXDB_BUCKET', timeInterval: '10s' },
  secureJsonData: { token: '$INFLUXDB_TOKEN' },
}

const version3 = {
  url: '$INFLUXDB_URL',
  jsonData: {
    ...{ version: 'InfluxQL', dbName: '$INFLUXDB_DATABASE', httpMode: 'POST', timeInterval: '10s' },
    httpHeaderName1: 'Authorization',
  },
  secureJsonData: { httpHeaderValue1: 'Bearer $INFLUXDB_TOKEN' },
}

function datasourceFile(settings: object): object {
  const fixed = { ...source, type: 'influxdb', access: 'proxy', isDefault: true, editable: false }
  return { apiVersion: 1, datasources: [{ ...fixed, ...settings }] }
}

const dashboardsFile = {
  apiVersion: 1,
  providers: [
    {
      name: 'Millwright',
      folder: 'Millwright',
      type: 'file',
      disableDeletion: true,
      allowUiUpdates: false,
      options: { path: '/var/lib/grafana/dashboards/millwright' },
    },
  ],
}

function yaml(content: object, remark = ''): string {
  const head = ['Printed by npm run docs; change config/grafana/source instead.', ...(remark === '' ? [] : [remark])]
  return `${head.map((line) => `# ${line}\n`).join('')}${stringify(content, { lineWidth: 0 })}`
}
