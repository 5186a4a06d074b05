import { access, constants, readdir, stat } from 'node:fs/promises'
import type { Finding } from '../../agent/core/index.ts'
import { examineTopics } from '../mqtt/examine.ts'
import type { Listened } from '../mqtt/listen.ts'
import type { ImageSourceSettings } from './settings.ts'

/** Looks whether images can come to a station. Changes nothing at the far side. */
export async function* examineImages(settings: ImageSourceSettings): AsyncGenerator<Finding> {
  if (settings.type === 'folder') yield await examineFolder(settings.path, settings.then !== 'keep')
  if (settings.type === 'mqtt') yield* examineTopics(settings, [settings.topic], heardOn(settings.topic))
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

/** What to say of what came on a topic. */
function heardOn(topic: string): (listened: Listened, duration: number) => Finding {
  return ({ messages }, duration) => {
    const within = `on ${topic} within ${duration / 1000} s`
    if (messages > 0) return { level: 'good', text: `${messages} images ${within}` }
    return { level: 'warning', text: `no image ${within}`, remedy: 'Check the topic, and that the camera sends.' }
  }
}
