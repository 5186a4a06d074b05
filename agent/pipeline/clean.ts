import type { Observable } from 'rxjs'
import type { Batch, Keeper, Metrics, Operator, OperatorDefinition, TagTable } from '../core/index.ts'
import type { Choice } from '../../config/index.ts'

export type CleanStep = Choice<OperatorDefinition>

export interface CleanContext {
  readonly tags: TagTable
  readonly metrics: Metrics
  readonly keeper: Keeper
}

/** The configured operators, one after the other. Each counts and keeps its state under `name/step-type`. */
export function clean(steps: readonly CleanStep[], name: string, { tags, metrics, keeper }: CleanContext): Operator {
  const operators = steps.map(({ definition, settings }, index) => {
    const own = `${name}/${index + 1}-${definition.type}`
    const within: Keeper = { keep: (key, state) => keeper.keep(`${own}/${key}`, state) }
    return definition.create(settings, { name: own, tags, metrics, keeper: within })
  })
  return (batches: Observable<Batch>) => operators.reduce((stream, operator) => stream.pipe(operator), batches)
}
