import { SourceError } from '../../agent/core/index.ts'
import type { FoundFile } from './files.ts'
import { fileName } from './layout.ts'
import type { ReadReport } from './report.ts'
import type { ReadSettings } from './settings.ts'
import { survey, type Survey } from './survey.ts'
import { refused } from './time-columns.ts'

/**
 * Looks at all files that are to be read together. What one decides holds for the others; one that was found in a folder
 * and is no table is passed over, and told. Throws a SourceError (SOURCE_DATA) where nothing is left.
 */
export async function surveyAll(
  files: readonly FoundFile[],
  settings: ReadSettings,
  report?: ReadReport,
): Promise<Survey[]> {
  // prettier-ignore
  const found: Survey[] = []
  const problems: SourceError[] = []
  for (const { path, named } of files) {
    try {
      found.push(slim(await survey(path, settings)))
    } catch (error) {
      if (named || !(error instanceof SourceError)) throw error
      problems.push(error)
    }
  }
  if (found.length === 0 && problems.length > 0) throw problems[0]
  for (const problem of problems) report?.passedOver(problem.message)
  const all = toldApart(withOneOrder(found), settings)
  for (const one of all) report?.found(one)
  return all
}

/** Without the rows that nobody looks at any more. */
function slim(found: Survey): Survey {
  if (found.layout.form === 'long') return found
  return { ...found, table: { ...found.table, rows: found.table.rows.slice(0, 5) } }
}

/** Dates of files that leave the order of day and month open are read as those of the others. */
function withOneOrder(all: readonly Survey[]): Survey[] {
  const decided = all.find(({ plan, assumed }) => plan.kind === 'written' && !assumed && plan.order !== 'ymd')
  if (decided?.plan.kind !== 'written') return [...all]
  const { order } = decided.plan
  return all.map((one) => (one.assumed && one.plan.kind === 'written' && one.plan.order !== order ? { ...one, plan: { ...one.plan, order } } : one)) // prettier-ignore
}

/** Files of one signal each, all called the same, that run side by side: their signals are called after the files. */
function toldApart(all: readonly Survey[], settings: ReadSettings): Survey[] {
  const sorted = [...all].sort((a, b) => a.first - b.first)
  const shared = sorted.find((one, at) => {
    const next = sorted.at(at + 1)
    return next !== undefined && next.first < one.last && sharedTag(one, next) !== undefined
  })
  if (!shared || settings.tag?.includes('{file}')) return [...all]
  const alone = all.every(({ layout }) => layout.form === 'wide' && layout.values.length === 1)
  if (!alone || settings.tag !== undefined || Object.keys(settings.tags).length > 0) {
    const other = sorted[sorted.indexOf(shared) + 1]
    throw refused(`${shared.path} and ${other.path} both have "${sharedTag(shared, other) ?? ''}" at the same time`, 'Name tags after their files: `tag: "{file}/{column}"`.') // prettier-ignore
  }
  return all.map((one) => ({
    ...one,
    layout: { ...one.layout, values: one.layout.values.map((value) => ({ ...value, tag: settings.asset === undefined ? fileName(one.path) : `{asset}/${fileName(one.path)}` })) }, // prettier-ignore
    notes: [...one.notes, `its signal is called after the file`],
  }))
}

function sharedTag(one: Survey, other: Survey): string | undefined {
  const own = new Set(one.layout.values.map(({ tag }) => tag))
  return one.layout.form === 'wide' ? other.layout.values.find(({ tag }) => own.has(tag))?.tag : undefined
}
