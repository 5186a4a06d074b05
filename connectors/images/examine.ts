import { access, constants, readdir, stat } from 'node:fs/promises'
import { describeError, MillwrightError, type Finding } from '../../agent/core/index.ts'
import { listen } from '../mqtt/listen.ts'
import type { ImageSourceSettings, MqttImageSettings } from './settings.ts'

/** How long it listens for images, ms. */
const patience = 3_000

/** Looks whether images can come to a station. Changes nothing at the far side. */
export async function* examineImages(settings: ImageSourceSettings): AsyncGenerator<Finding> {
  if (settings.type === 'folder') yield await examineFolder(settings.path, settings.then !== 'keep')
  if (settings.type === 'mqtt') yield* examineTopic(settings)
  if (settings.type === 'http') yield { level: 'good', text: 'takes images by POST' }
  if (settings.type === 'opcua') yield { level: 'good', text: `takes images from ${settings.image} of ${settings.connector}` } // prettier-ignore
}

/** `changed`: files are moved or deleted after their verdict. */
async function examineFolder(path: string, changed: boolean): Promise<Finding> {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isDirectory()) return { level: 'trouble', text: `${path} is no folder`, remedy: 'Make it, or correct `path`: the agent looks again and again.' } // prettier-ignore
  try {
    await access(path, constants.R_OK | constants.X_OK | (changed ? constants.W_OK : 0))
  } catch {
    const what = changed ? 'read and written, for files are moved or deleted after their verdict' : 'read'
    return { level: 'trouble', text: `${path} cannot be ${what}`, remedy: 'Give the user of the agent the right to it, or say `then: keep`.' } // prettier-ignore
  }
  return { level: 'good', text: `${path} can be used; ${(await readdir(path)).length} entries are in it` }
}

async function* examineTopic(settings: MqttImageSettings): AsyncGenerator<Finding> {
  const { topic } = settings
  try {
    const { messages, refused } = await listen(settings, { filters: [topic], duration: patience })
    yield { level: 'good', text: 'the broker accepts the connection' }
    if (topic in refused)
      yield { level: 'trouble', text: `the broker refuses ${topic}: ${refused[topic]}`, remedy: 'Check the topic and the access rules of the broker.' } // prettier-ignore
    else if (messages === 0)
      yield { level: 'warning', text: `no image on ${topic} within ${patience / 1000} s`, remedy: 'Check the topic, and that the camera sends.' } // prettier-ignore
    else yield { level: 'good', text: `${messages} images on ${topic} within ${patience / 1000} s` }
  } catch (error) {
    const remedy = error instanceof MillwrightError ? error.remedy : undefined
    yield { level: 'trouble', text: describeError(error), ...(remedy !== undefined && { remedy }) }
  }
}
