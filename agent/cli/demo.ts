import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { parseDocument } from 'yaml'
import { z } from 'zod'
import { parseConfig } from '../../config/index.ts'
import { ConfigError, describeError } from '../core/index.ts'
import { photographGoodParts, startPlant, type Plant } from '../../connectors/plant/index.ts'
import { schema } from '../settings/index.ts'
import { packageRoot } from '../process/index.ts'
import type { ViewParts } from '../view/index.ts'
import { overrides, overridesOf } from './configuration.ts'
import { createLogger } from './logger.ts'
import { jsonOption, print } from './output.ts'
import { serve } from './serve.ts'

/** `millwright demo`: the whole agent on a simulated plant, with nothing installed and no network. */
export function demo(): Command {
  const command = new Command('demo')
    .option('--connectors <file>', 'YAML file of further connectors, such as an InfluxDB to write to')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ millwright demo\n  $ millwright demo --http-port 9000\n  $ millwright demo --connectors sinks.yaml',
    )
    .action(async (options: { connectors?: string; json?: boolean }) => {
      const text = demoConfiguration(options.connectors)
      const folder = mkdtempSync(join(tmpdir(), 'millwright-demo-'))
      if (!options.json)
        console.log('Millwright demo: a SIMULATED plant, read through a real OPC UA server and a real MQTT broker.')
      try {
        await runDemo(text, folder, overridesOf({ data: join(folder, 'data'), ...options }), options.json)
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    })
  for (const option of overrides) command.addOption(option)
  return command
}

/** The demo's own configuration, with the connectors of a file added to it. Throws a ConfigError where there are none. */
export function demoConfiguration(file: string | undefined): string {
  const text = readFileSync(join(packageRoot, 'config', 'demo.yaml'), 'utf8')
  if (file === undefined) return text
  const document = parseDocument(text)
  for (const [name, settings] of Object.entries(readConnectors(file)))
    document.setIn(['connectors', name], document.createNode(settings))
  return String(document)
}

function readConnectors(file: string): Record<string, unknown> {
  try {
    const added = parseDocument(readFileSync(file, 'utf8'))
    if (added.errors.length > 0) throw added.errors[0]
    return z.record(z.string(), z.unknown()).parse(added.toJS())
  } catch (cause) {
    const message = `cannot read connectors from ${file}: ${cause instanceof z.ZodError ? 'expected names with their settings' : describeError(cause)}`
    throw new ConfigError([{ path: 'connectors', message }], { cause, code: 'CONFIG_UNREADABLE' })
  }
}

/** Good parts that the demo's station learns from. */
const goodParts = 60

async function runDemo(text: string, folder: string, args: string[], json = false): Promise<void> {
  const images = join(folder, 'good-parts')
  const load = (endpoint: string, broker: string) => {
    Object.assign(process.env, { PLANT_ENDPOINT: endpoint, PLANT_BROKER: broker, PLANT_GOOD_PARTS: images })
    return parseConfig(text, { schema, args })
  }
  // The plant's addresses are known when it runs; its log settings before.
  const log = createLogger(load('opc.tcp://127.0.0.1:1', 'mqtt://127.0.0.1:1'), process.stderr.isTTY && !json)
  const photographs = photographGoodParts(images, goodParts)
  photographs.catch(() => undefined)
  const plant = await startPlant({ folder: join(folder, 'plant'), log, camera: true })
  try {
    await photographs
    const config = load(plant.endpoint, plant.brokerUrl)
    await serve({ config, text, args, log, plant: plantView(plant), fallback: true }, ({ entry }) => {
      if (json) {
        print(json, { simulated: true, page: entry ?? null }, () => '')
        return undefined
      }
      console.log(`\n  ${entry ?? 'The page is off.'}\n`)
      console.log('It learns what is normal for a little over a minute. Then inject a fault on the page, and watch.')
      console.log('A simulated camera over the conveyor sends an image of each part; verdicts are under Inspection.')
      console.log('Ctrl-C stops it; nothing is left behind.\n')
      return undefined
    })
  } finally {
    await plant.close()
  }
}

function plantView(plant: Plant): NonNullable<ViewParts['plant']> {
  return {
    inject: (asset, fault) => plant.inject(asset, fault),
    repair: (asset) => plant.repair(asset),
    state: () => ({ assets: plant.assets, active: plant.faults() }),
  }
}
