export { keepHeapSmall, keepYoungGeneration, letYoungGenerationGrow, sizeYoungGeneration } from './heap.ts'
export { createNotifier } from './notify.ts'
export { packageRoot, version } from './version.ts'
