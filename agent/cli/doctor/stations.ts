import { stat } from 'node:fs/promises'
import { examineImages } from '../../../connectors/images/examine.ts'
import { readOwnImageModel } from '../../../models/inspection/bundle.ts'
import type { Config } from '../../settings/index.ts'
import { type Finding, describeError, valuesModel } from '../../core/index.ts'
import { shelfOf } from '../../training/index.ts'
import { examineAddress } from './connectors.ts'
import { good, trouble, warning } from './findings.ts'

/** A station: whether images can come, what it learns from, what it judges by. */
export async function* examineStation(config: Config, name: string): AsyncGenerator<Finding> {
  const { source, measured, model, learn } = config.inspections[name]
  if (source) {
    const way = await examineAddress(source)
    if (way) yield way
    if (way?.level !== 'trouble') yield* examineImages(source)
    if (learn.images !== undefined) yield* examineLesson(learn.images)
    if (model.type === 'learned') yield* examineModels(config, name, `millwright train --monitor ${name} --images DIR`)
    else yield await examineOwn(name, model)
  }
  if (measured) yield* examineModels(config, valuesModel(name), `millwright train --monitor ${name} --data FILE`)
}

async function* examineLesson(folder: string): AsyncGenerator<Finding> {
  const found = await stat(folder).catch(() => undefined)
  if (!found?.isDirectory()) yield trouble(`learn.images: ${folder} is no folder`, 'Make it, with a folder for each class in it, or good images only.') // prettier-ignore
}

async function* examineModels(config: Config, model: string, command: string): AsyncGenerator<Finding> {
  const entries = await shelfOf(config, model).registry.list(model)
  for (const { version, problem } of entries) if (problem !== undefined) yield warning(`model ${model} ${version}: ${problem}`, 'Restore it from a backup, or leave it: others can be put to work.') // prettier-ignore
  if (entries.length === 0)
    yield warning(`${model} has no model yet: the operator decides`, `It is trained when there is enough to learn from, or now: ${command}`) // prettier-ignore
  else yield good(`${model} has ${entries.length} models, the newest ${entries.at(-1)!.version}`)
}

async function examineOwn(name: string, settings: Parameters<typeof readOwnImageModel>[0]): Promise<Finding> {
  try {
    await readOwnImageModel(settings, name)
    return good('the network and its manifest can be read')
  } catch (error) {
    return trouble(describeError(error), 'Correct the path, or the manifest beside it.')
  }
}
