export {
  type ConclusionReading,
  Expression,
  type PartReading,
  type Reader,
  type Value,
  functions,
  longest,
} from './language.ts'
export { type Call, type ExpressionProblem, type Wanted, callsOf, problemsOf } from './problems.ts'
export { Undecided } from './undecided.ts'
