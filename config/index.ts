export { loadConfig, parseConfig, type LoadOptions } from './load.ts'
export { alarmConfig, configSchema, httpConfig, learnConfig, name, type Components } from './schema.ts'
export { jsonSchema, type Choice } from './choice.ts'
export { schedule } from './schedule.ts'
