import type { ConnectorContext, ImageSource } from '../../agent/core/index.ts'
import { FolderImages } from './folder.ts'
import { PostedImages } from './http.ts'
import { MqttImages } from './mqtt.ts'
import type { ImageSourceSettings } from './settings.ts'

export { PostedImages } from './http.ts'
export { imageSourceConfig, type ImageSourceSettings } from './settings.ts'

/** The source of a station's images; connects on subscribe. `largest`: bytes of an image, for what is read from disk. */
export function createImageSource(
  settings: ImageSourceSettings,
  context: ConnectorContext,
  largest: number,
): ImageSource {
  switch (settings.type) {
    case 'folder':
      return new FolderImages(settings, context, largest)
    case 'mqtt':
      return new MqttImages(settings, context)
    case 'http':
      return new PostedImages()
  }
}
