import { once } from 'node:events'
import { modelConfig, Registry, trainModel } from '../../models/index.ts'
import { synthetic } from './synthetic.ts'

/** Registers a model in a folder twice: at once, and again after a line on its input. Says how each went. */
async function run(folder: string): Promise<void> {
  const features = synthetic({ length: 60, seed: 1 })
  const bundle = await trainModel(modelConfig.parse('anomaly'), { monitor: 'health', features, created: 1 })
  const registry = new Registry(folder)
  const register = () =>
    registry.register(bundle).then(
      (version) => `registered ${version}`,
      (error: unknown) => `refused ${(error as { code?: string }).code ?? String(error)}`,
    )
  process.stdout.write(`${await register()}\n`)
  await once(process.stdin, 'data')
  process.stdout.write(`${await register()}\n`)
  process.exit(0)
}

void run(process.argv[2])
