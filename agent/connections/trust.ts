import { join } from 'node:path'
import { approveCertificate, listCertificates, type Certificate } from '../../connectors/opcua/index.ts'
import type { Config } from '../settings/index.ts'
import { SourceError } from '../core/index.ts'

/** The PKI folder of each OPC UA connector, by its name. */
export function pkiFolders(config: Config): Map<string, string> {
  const opcua = Object.entries(config.connectors).filter(([, { definition }]) => definition.type === 'opcua')
  return new Map(
    opcua.map(([name, { settings }]) => {
      const { pki } = settings as { pki?: string }
      return [name, pki ?? join(config.data, 'connectors', name, 'pki')]
    }),
  )
}

/** A certificate that a server showed to a connector. */
export type ServerCertificate = Certificate & { readonly connector: string }

/** Which OPC UA servers the agent believes. */
export class Trust {
  readonly #folders: ReadonlyMap<string, string>

  /** @param folders by connector */
  constructor(folders: ReadonlyMap<string, string>) {
    this.#folders = folders
  }

  /** Certificates of every connector, pending ones first. */
  async list(): Promise<ServerCertificate[]> {
    const lists = await Promise.all(
      [...this.#folders].map(async ([connector, folder]) =>
        (await listCertificates(folder)).map((certificate) => ({ connector, ...certificate })),
      ),
    )
    return lists.flat().sort((one, other) => (one.state < other.state ? -1 : one.state > other.state ? 1 : 0))
  }

  /** Trusts a pending certificate; the connector connects at its next attempt. */
  async approve(connector: string, thumbprint: string): Promise<'recorded' | 'unknown'> {
    const folder = this.#folders.get(connector)
    if (folder === undefined) return 'unknown'
    try {
      await approveCertificate(folder, thumbprint)
      return 'recorded'
    } catch (error) {
      if (error instanceof SourceError) return 'unknown'
      throw error
    }
  }
}
