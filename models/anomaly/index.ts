export { ChangePoints, changePointState, type ChangePoint, type ChangePointState } from './change-points.ts'
export { anomalyConfig, type AnomalySettings } from './config.ts'
export { trainAnomaly } from './train.ts'
