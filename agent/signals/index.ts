export { natureOf, naturesOf, type StatedNatures } from './nature.ts'
export { SignalStudy, TagStudy } from './study.ts'
