import { boston, bostonFolder } from './life/boston.ts'
import { fd001, fd001Folder } from './life/fd001.ts'
import { tableOf, type Figure } from './parts/figures.ts'

/**
 * Remaining life on C-MAPSS FD001 and estimation on Boston housing, through the agent's own features, training and
 * pipeline, with default settings. `data`: a folder with `cmapss_fd001` and `boston_housing` in it.
 */
export async function run(args: { readonly data?: string }): Promise<readonly Figure[]> {
  const engines = args.data === undefined ? undefined : fd001Folder(args.data)
  if (engines === undefined) console.log('C-MAPSS FD001 is not there: give the folder that holds it with --data DIR.')
  const houses = args.data === undefined ? undefined : bostonFolder(args.data)
  if (houses === undefined) console.log('Boston housing is not there: give the folder that holds it with --data DIR.')
  const figures = [...(engines ? await engineFigures(engines) : []), ...(houses ? await houseFigures(houses) : [])]
  if (figures.length > 0) console.log(tableOf(figures))
  return figures
}

async function engineFigures(folder: string): Promise<Figure[]> {
  const { rmse, phm, coverage, byTold, byTruth, width, seconds, bundle } = await fd001(folder)
  const data = 'C-MAPSS FD001'
  const memory = bundle.report?.peakMemory
  return [
    {
      data,
      metric: 'RMSE, cycles',
      ours: rmse.toFixed(2),
      reference: '12.5',
      published: '10.4',
      seconds,
      ...(memory !== undefined && { memory }),
    },
    { data, metric: 'PHM score', ours: phm.toFixed(0), reference: '212' },
    { data, metric: '90 % interval holds', ours: `${(100 * coverage).toFixed(0)} %`, reference: '' },
    { data, metric: 'by thirds of lives told, all rows', ours: percents(byTold), reference: '' },
    { data, metric: 'by thirds of true lives, all rows', ours: percents(byTruth), reference: '' },
    { data, metric: 'mean width of it, cycles', ours: width.toFixed(1), reference: '' },
  ]
}

const percents = (shares: readonly number[]): string =>
  shares.map((share) => `${(100 * share).toFixed(0)} %`).join(', ')

async function houseFigures(folder: string): Promise<Figure[]> {
  const { r2, pooled, coverage, seconds } = await boston(folder)
  const data = 'Boston housing, 5-fold'
  return [
    { data, metric: 'R², mean of the folds', ours: r2.toFixed(3).slice(1), reference: '.85', seconds },
    { data, metric: 'R², all folds together', ours: pooled.toFixed(3).slice(1), reference: '' },
    { data, metric: '90 % interval holds', ours: `${(100 * coverage).toFixed(1)} %`, reference: '' },
  ]
}
