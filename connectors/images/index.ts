import type { ConnectorContext, ImageSource } from '../../agent/core/index.ts'
import { FolderImages } from './folder.ts'
import { PostedImages } from './http.ts'
import { MqttImages } from './mqtt.ts'
import { OpcuaImages, type ImageServer } from './opcua.ts'
import type { ImageSourceSettings } from './settings.ts'

export { PostedImages } from './http.ts'
export type { ImageServer } from './opcua.ts'
export { imageSourceConfig, type ImageSourceSettings } from './settings.ts'

/**
 * The source of a station's images; connects on subscribe. `largest`: bytes of an image, so that a larger one is not held.
 * `server`: the server of an opcua connector.
 */
export function createImageSource(
  settings: ImageSourceSettings,
  context: ConnectorContext,
  largest: number,
  server: (connector: string) => ImageServer,
): ImageSource {
  switch (settings.type) {
    case 'folder':
      return new FolderImages(settings, context, largest)
    case 'mqtt':
      return new MqttImages(settings, context, largest)
    case 'http':
      return new PostedImages()
    case 'opcua':
      return new OpcuaImages(settings, server(settings.connector), context, largest)
  }
}
