import { readFileSync } from 'node:fs'
import { arch, platform, release } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { packageRoot, version } from '../process/index.ts'
import { jsonOption, print, table } from './output.ts'

/** Libraries whose version matters when something is reported. */
const libraries = ['lmdb', 'mqtt', 'node-opcua-client', 'onnxruntime-node', '@tensorflow/tfjs', 'rxjs']

/** `millwright version`: what to write into a report. */
export function versionCommand(): Command {
  return new Command('version')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ millwright version\n  $ millwright version --json')
    .action(({ json }: { json?: boolean }) => {
      const report = {
        millwright: version,
        node: process.versions.node,
        system: `${platform()} ${release()} ${arch()}`,
        libraries: Object.fromEntries(libraries.map((name) => [name, installed(name)])),
      }
      const { libraries: versions, ...own } = report
      print(json, report, () => table([...Object.entries(own), ...Object.entries(versions)], ''))
    })
}

/** From the package beside, or in a folder above where packages are shared. */
function installed(name: string, folder = packageRoot): string {
  try {
    const text = readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')
    return (JSON.parse(text) as { version: string }).version
  } catch {
    const parent = join(folder, '..')
    return parent === folder ? 'not installed' : installed(name, parent)
  }
}
