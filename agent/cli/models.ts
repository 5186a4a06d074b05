import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { describeReport, readSigningKey, signBundle, type BundleRegistry } from '../../models/index.ts'
import { readImageBundle } from '../../models/inspection/bundle.ts'
import { readBundle, writeBundle } from '../../models/onnx/bundle.ts'
import type { StoredBundle } from '../../models/onnx/manifest.ts'
import { DetectorError, readWhole } from '../core/index.ts'
import type { ModelLife } from '../view/index.ts'
import { agentApi, userName, withAgent, type AgentOptions } from './api.ts'
import { configOption, loadOrExit } from './configuration.ts'
import { shelfOf } from '../training/index.ts'
import { valuesModels } from '../stations/index.ts'
import { harmless, jsonOption, print, table } from './output.ts'

interface FolderOptions {
  readonly config: string
  readonly json?: boolean
}

interface RequestOptions extends AgentOptions {
  readonly by: string
  readonly reason?: string
}

/** `millwright models`: the life of models, of the running agent and in its registry. */
export function models(): Command {
  return new Command('models')
    .addCommand(list(), { isDefault: true })
    .addCommand(show())
    .addCommand(promote())
    .addCommand(request('rollback', 'Go back to the model before the one at work.'))
    .addCommand(request('retrain', 'Train the model of a monitor now, whatever is due.'))
    .addCommand(request('cancel', 'End the training under way without a model.'))
    .addCommand(exportCommand())
    .addCommand(importCommand())
    .addCommand(signCommand())
    .addHelpText(
      'after',
      `
\`list\`, \`promote\`, \`rollback\`, \`retrain\` and \`cancel\` ask the running agent; \`show\`, \`export\` and \`import\` read and
write the registry in its data folder.

Example:
  $ millwright models
  $ millwright models show pump-health
  $ millwright models promote pump-health 0003-5ab0c1d2`,
    )
}

function list(): Command {
  return withAgent(new Command('list'))
    .description('List monitors and stations with the step their model is in, and its versions.')
    .addHelpText('after', '\nExample:\n  $ millwright models list --json')
    .action(async (options: AgentOptions) => {
      const lives = await agentApi(options).get<ModelLife[]>('/api/models')
      print(
        options.json,
        lives,
        () => lives.map(describeLife).join('\n\n') || 'There are no monitors and no stations that learn.',
      )
    })
}

function describeLife({ monitor, step, progress, detail, versions }: ModelLife): string {
  const share = progress === undefined ? '' : ` ${Math.round(progress * 100)} %`
  const rows = versions.map(({ version, state, created, figures }) => [
    version,
    state,
    created === undefined ? '' : new Date(created).toISOString().slice(0, 16),
    Object.entries(figures)
      .map(([name, value]) => `${name} ${value.toPrecision(3)}`)
      .join(', '),
  ])
  const head = `${monitor}: ${step}${share}${detail === undefined ? '' : `, ${harmless(detail)}`}`
  return rows.length === 0 ? head : `${head}\n${table(rows)}`
}

function show(): Command {
  return new Command('show')
    .description('Show the report and card of a model: its data, candidates, figures.')
    .argument('<monitor>', 'a key of `monitors` or `inspections`, or STATION.values')
    .argument('[version]', 'the newest where absent')
    .addOption(configOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ millwright models show pump-health 0003-5ab0c1d2')
    .action(async (monitor: string, version: string | undefined, options: FolderOptions) => {
      const { registry } = shelfOf((await loadOrExit(options.config)).config, monitor)
      const { bundle, version: found } = await load(registry, monitor, version)
      const report = await registry.report(monitor, found)
      const manifest = { ...bundle.manifest, golden: undefined, calibration: undefined }
      const value = { version: found, folder: registry.folder(monitor, found), manifest, report: report ?? null }
      print(options.json, value, () => [bundle.card, ...(report ? [describeReport(report)] : [])].join('\n'))
    })
}

function promote(): Command {
  return withRequest(new Command('promote'))
    .description('Put a version to work; the one before goes on beside it for a while.')
    .argument('<monitor>', 'a key of `monitors` or `inspections`, or STATION.values')
    .argument('<version>', 'a version that `models list` shows')
    .addHelpText('after', '\nExample:\n  $ millwright models promote pump-health 0003-5ab0c1d2')
    .action(async (monitor: string, version: string, options: RequestOptions) => {
      const answer = await ask(monitor, 'promote', options, { version })
      print(options.json, answer, () => `${monitor}: model ${version} works from the next window on.`)
    })
}

const doneBy = {
  rollback: ({ version }: { version?: string }) => `model ${version ?? ''} works again from the next window on.`,
  retrain: () => 'training. Follow it with `millwright models list` or on the page.',
  cancel: () => 'the training was ended; nothing of it is left.',
} as const

function request(verb: keyof typeof doneBy, description: string): Command {
  return withRequest(new Command(verb))
    .description(description)
    .argument('<monitor>', 'a key of `monitors` or `inspections`, or STATION.values')
    .addHelpText('after', `\nExample:\n  $ millwright models ${verb} pump-health`)
    .action(async (monitor: string, options: RequestOptions) => {
      const answer = await ask(monitor, verb, options, {})
      print(options.json, answer, () => `${monitor}: ${doneBy[verb](answer)}`)
    })
}

function withRequest(command: Command): Command {
  return withAgent(command)
    .addOption(new Option('--by <name>', 'who does it').default(userName()))
    .addOption(new Option('--reason <text>', 'why'))
}

function ask(monitor: string, verb: string, options: RequestOptions, body: object): Promise<{ version?: string }> {
  const { by, reason } = options
  const path = `/api/models/${encodeURIComponent(monitor)}/${verb}`
  return agentApi(options).post(path, { by, ...(reason !== undefined && { reason }), ...body })
}

function exportCommand(): Command {
  return new Command('export')
    .description('Copy a model into a folder: model.onnx, manifest.json, card and report.')
    .argument('<monitor>', 'a key of `monitors` or `inspections`, or STATION.values')
    .argument('[version]', 'the newest where absent')
    .requiredOption('--out <folder>', 'a folder that is empty or not there yet')
    .addOption(configOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ millwright models export pump-health --out pump-model')
    .action(async (monitor: string, version: string | undefined, options: FolderOptions & { out: string }) => {
      const { registry } = shelfOf((await loadOrExit(options.config)).config, monitor)
      const { bundle, version: found } = await load(registry, monitor, version)
      await mkdir(options.out, { recursive: true })
      if ((await readdir(options.out)).length > 0)
        throw new DetectorError('MODEL_MISMATCH', `${options.out} is not empty`, { remedy: 'Name another folder.' })
      const report = await registry.report(monitor, found)
      await writeBundle(options.out, { ...bundle, ...(report && { report }) })
      print(options.json, { monitor, version: found, out: options.out }, () => `${monitor} ${found} -> ${options.out}`)
    })
}

function importCommand(): Command {
  return new Command('import')
    .description('Check a model and put it into the registry; `promote` puts it to work.')
    .argument('<folder>', 'as `export` wrote it')
    .addOption(new Option('--monitor <name>', 'the monitor it is for, where it was made for another'))
    .addOption(configOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ millwright models import pump-model')
    .action(async (folder: string, options: FolderOptions & { monitor?: string }) => {
      const bundle = await readAny(folder)
      const monitor = options.monitor ?? bundle.manifest.monitor
      const shelf = await shelfFor(options, monitor, bundle.kind)
      const named = { ...bundle, manifest: { ...bundle.manifest, monitor } }
      await shelf.registry.admit(folder, named.manifest)
      requireGolden(named.manifest, folder)
      await shelf.check(named)
      const version = await shelf.registry.register(named, undefined, 'given')
      print(
        options.json,
        { monitor, version },
        () =>
          `${monitor}: registered as ${version}; \`millwright models promote ${monitor} ${version}\` puts it to work.`,
      )
    })
}

function signCommand(): Command {
  return new Command('sign')
    .description('Sign a model that was exported, in its folder; agents that trust the key take it.')
    .argument('<folder>', 'as `export` wrote it')
    .requiredOption('--key <file>', 'PEM file of an Ed25519 private key')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Where \`models.trust\` names public keys, an agent takes no model that none of them has signed, but those it makes itself.

Example:
  $ openssl genpkey -algorithm ed25519 -out plant.key
  $ millwright models sign pump-model --key plant.key`,
    )
    .action(async (folder: string, options: { key: string; json?: boolean }) => {
      const { manifest } = await readAny(folder)
      const publicKey = await signBundle(folder, manifest, readSigningKey(options.key))
      print(options.json, { folder, key: publicKey }, () => `${folder} is signed. Agents take it where they have:\nmodels: { trust: ['${publicKey}'] }`) // prettier-ignore
    })
}

/** Throws a DetectorError where nothing shows that a model answers here as it did where it was trained. */
function requireGolden({ golden }: StoredBundle['manifest'], folder: string): void {
  const { inputs = [], images = [] } = golden
  if (inputs.length + images.length > 0) return
  throw new DetectorError(
    'MODEL_MISMATCH',
    `the model in ${folder} has no golden vectors: nothing shows that it answers here as it did where it was trained`,
    {
      remedy:
        'Put some inputs with their scores under `golden` of manifest.json, as `export` writes them; a bare .onnx file is used by `model: { type: onnx, file: ... }`.',
    },
  )
}

/** Where the models of a monitor or station are. Rejects with a DetectorError where the configuration has none of that name. */
async function shelfFor({ config: file }: FolderOptions, name: string, kind: 'monitor' | 'station') {
  const { config } = await loadOrExit(file)
  const known =
    kind === 'station' ? Object.keys(config.inspections) : [...Object.keys(config.monitors), ...valuesModels(config)]
  if (known.includes(name)) return shelfOf(config, name)
  throw new DetectorError('MODEL_MISMATCH', `the configuration has no ${kind} ${name}`, {
    remedy: `Name one with --monitor; there are: ${known.join(', ') || 'none'}.`,
  })
}

/** The bundle in a folder, whatever it is of. */
async function readAny(folder: string): Promise<StoredBundle & { readonly kind: 'station' | 'monitor' }> {
  const text = await readWhole(join(folder, 'manifest.json')).then(String, () => '{}')
  const ofStation = /"kind": *"inspection"/.test(text)
  return ofStation
    ? { ...(await readImageBundle(folder)), kind: 'station' }
    : { ...(await readBundle(folder)), kind: 'monitor' }
}

async function load(registry: BundleRegistry, monitor: string, wanted: string | undefined) {
  const version = wanted ?? (await registry.versions(monitor)).at(-1) ?? ''
  return { version, bundle: await registry.load(monitor, version) }
}
