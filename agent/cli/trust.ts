import { Command, Option } from 'commander'
import {
  approveCertificate,
  listCertificates,
  revokeCertificate,
  type Certificate,
} from '../../connectors/opcua/index.ts'
import { pkiFolders } from '../connections/index.ts'
import { configOption, loadOrExit } from './configuration.ts'
import { jsonOption, print as report } from './output.ts'

interface TrustOptions {
  readonly config: string
  readonly connector?: string
  readonly json?: boolean
}

/** `millwright trust`: which OPC UA servers the agent believes. */
export function trust(): Command {
  const command = new Command('trust')
  const add = (name: string, description: string) =>
    command
      .command(name)
      .addHelpText(
        'after',
        `\nExample:\n  $ millwright trust ${name}${name === 'list' ? '' : ' 3f2a90c1'} --config plant.yaml`,
      )
      .addOption(jsonOption())
      .description(description)
      .addOption(configOption())
      .addOption(new Option('--connector <name>', 'only this OPC UA connector'))
  add('list', 'List certificates, pending ones first.').action(async (options: TrustOptions) =>
    print(await listAll(options), options.json ?? false),
  )
  add('approve', 'Trust a pending certificate; the agent connects at its next attempt.')
    .argument('<thumbprint>', 'at least the first 8 digits')
    .action(async (thumbprint: string, options: TrustOptions) => {
      const folder = await folderOf(thumbprint, options)
      const { subject } = await approveCertificate(folder, thumbprint)
      report(options.json, { trusted: thumbprint, subject }, () => `Trusted: ${subject}`)
    })
  add('revoke', 'Trust a certificate no more.')
    .argument('<thumbprint>', 'at least the first 8 digits')
    .action(async (thumbprint: string, options: TrustOptions) => {
      const folder = await folderOf(thumbprint, options)
      const { subject } = await revokeCertificate(folder, thumbprint)
      report(options.json, { revoked: thumbprint, subject }, () => `Revoked: ${subject}`)
    })
  return command.addHelpText(
    'after',
    '\nExample:\n  $ millwright trust list --config plant.yaml\n  $ millwright trust approve 3f2a90c1 --config plant.yaml',
  )
}

/** The PKI folder of each OPC UA connector, by its name. */
async function folders({ config: file, connector }: TrustOptions): Promise<[string, string][]> {
  const { config } = await loadOrExit(file)
  return [...pkiFolders(config)].filter(([name]) => connector === undefined || connector === name)
}

async function listAll(options: TrustOptions): Promise<(Certificate & { connector: string })[]> {
  const lists = await Promise.all(
    (await folders(options)).map(async ([connector, folder]) =>
      (await listCertificates(folder)).map((certificate) => ({ connector, ...certificate })),
    ),
  )
  return lists.flat()
}

/** The folder that holds the certificate; the first one where none does, so that the error comes from there. */
async function folderOf(thumbprint: string, options: TrustOptions): Promise<string> {
  const all = await folders(options)
  for (const [, folder] of all) {
    const certificates = await listCertificates(folder)
    if (certificates.some((certificate) => certificate.thumbprint.startsWith(thumbprint.toLowerCase()))) return folder
  }
  return all.at(0)?.[1] ?? 'pki'
}

function print(certificates: (Certificate & { connector: string })[], json: boolean): void {
  const lines = certificates.map(
    ({ connector, state, thumbprint, subject, validTo }) =>
      `${state.padEnd(8)} ${thumbprint}  ${connector}  ${subject}  valid to ${new Date(validTo).toISOString().slice(0, 10)}`,
  )
  const none = 'There are no certificates yet: a server shows its own when the agent first connects.'
  console.log(json ? JSON.stringify(certificates, null, 2) : lines.join('\n') || none)
}
