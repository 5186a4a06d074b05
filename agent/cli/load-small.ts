import { keepYoungGeneration } from '../process/index.ts'

// The first import of the program: what comes after it is loaded in little memory.
keepYoungGeneration()
