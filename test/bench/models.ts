import { run as runAnomaly } from './models-anomaly.ts'
import { run as runFault } from './models-fault.ts'
import { run as runInspection } from './models-inspection.ts'
import { run as runLife } from './models-life.ts'
import { tableOf } from './parts/figures.ts'

/**
 * Every kind of model on public data, with default settings that are the same for all of it: one table. `data`: a folder
 * with `skab`, `ai4i2020`, `cmapss_fd001`, `boston_housing`, `xsdd` and `mnist_t10k`; what is missing is said and left out.
 */
export async function run(args: { readonly data?: string }): Promise<void> {
  const figures = [
    ...(await runAnomaly(args)),
    ...(await runFault(args)),
    ...(await runLife(args)),
    ...(await runInspection(args)),
  ]
  if (figures.length > 0) console.log(`\n${tableOf(figures)}`)
}
