export { natureOf, naturesOf, type StatedNatures } from './nature.ts'
export { SignalStudy, TagStudy } from './study.ts'
export { SignalWatch } from './watch.ts'
