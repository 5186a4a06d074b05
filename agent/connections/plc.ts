import type { ImageServer } from '../../connectors/images/index.ts'
import { ConfigError } from '../core/index.ts'
import type { Config } from '../settings/index.ts'
import { pkiFolders } from './trust.ts'

/** The server behind a connector. Throws a ConfigError where it is none of the type opcua. */
export function plcOf(config: Config, connector: string): ImageServer {
  const pki = pkiFolders(config).get(connector)
  if (pki !== undefined) return { settings: config.connectors[connector].settings as ImageServer['settings'], pki }
  throw new ConfigError([{ path: `connectors.${connector}`, message: 'no such connector of the type opcua' }])
}
