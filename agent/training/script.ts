import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** File of the training process: TypeScript in a checkout, JavaScript in the package. */
export const trainingScript = fileURLToPath(new URL(`./process${extname(import.meta.url)}`, import.meta.url))
