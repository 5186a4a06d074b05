import { boston, bostonFolder } from './life/boston.ts'
import { fd001, fd001Folder, type Fd001 } from './life/fd001.ts'

/**
 * Remaining life on C-MAPSS FD001 and estimation on Boston housing, through the agent's own features, training and
 * pipeline, with default settings. `data`: a folder with `cmapss_fd001` and `boston_housing` in it.
 */
export async function run(args: { readonly data?: string }): Promise<void> {
  const engines = args.data === undefined ? undefined : fd001Folder(args.data)
  if (engines === undefined) console.log('C-MAPSS FD001 is not there: give the folder that holds it with --data DIR.')
  else printEngines(await fd001(engines))
  const houses = args.data === undefined ? undefined : bostonFolder(args.data)
  if (houses === undefined) {
    console.log('Boston housing is not there: give the folder that holds it with --data DIR.')
    return
  }
  const { r2, pooled, coverage, seconds } = await boston(houses)
  console.log('\nBoston housing, 5-fold                ours    reference')
  print('R², mean of the folds', r2.toFixed(3), '.85')
  print('R², all folds together', pooled.toFixed(3), '')
  print('interval holds', `${(100 * coverage).toFixed(1)} %`, '90 %')
  print('training, all folds', `${seconds.toFixed(0)} s`, '')
}

function printEngines({ rmse, phm, coverage, width, seconds, bundle }: Fd001): void {
  console.log('C-MAPSS FD001, 100 test engines       ours    reference (published best)')
  print('RMSE, cycles', rmse.toFixed(2), '12.5 (10.4)')
  print('PHM score', phm.toFixed(0), '212')
  print('90 % interval holds', `${(100 * coverage).toFixed(0)} %`, '86 to 94 %')
  print('mean width, cycles', width.toFixed(1), '')
  print('training', `${seconds.toFixed(0)} s`, '')
  print('peak memory', `${((bundle.report?.peakMemory ?? NaN) / 1e6).toFixed(0)} MB`, '')
  for (const { name, validation, seconds, chosen } of bundle.report?.candidates ?? []) {
    print(
      `${chosen ? '* ' : '  '}${name}`,
      (validation.rmse / 3_600_000).toFixed(2),
      `validation RMSE, ${seconds.toFixed(0)} s`,
    )
  }
}

function print(what: string, ours: string, reference: string): void {
  console.log(`${what.padEnd(36)}  ${ours.padEnd(7)} ${reference}`)
}
