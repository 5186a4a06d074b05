export { type DriftReading, DriftWatch } from './drift-watch.ts'
export type { ProcessAnswer, ProcessJob } from './job.ts'
export type { Learner } from './learner.ts'
export { Learning, type Training } from './learning.ts'
export {
  type Comparison,
  type Decision,
  type Outcome,
  type Posts,
  type Standing,
  type TrainingTimes,
  better,
  decide,
  leastProbation,
  nextTraining,
  overdue,
  percent,
  periodOf,
  postsAfter,
  probation,
} from './life-cycle.ts'
export { ModelRequests, type Shelf } from './requests.ts'
export { Trial, type TrialState, speaksOf } from './trial.ts'
