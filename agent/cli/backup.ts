import { existsSync, statSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { AgentError, byteSize } from '../core/index.ts'
import { sessionsFileName } from '../http/index.ts'
import { copyJournal, lockFolder } from '../journal/index.ts'
import { version } from '../process/index.ts'
import { broken, readArchive, writeArchive, type ArchiveFile } from './archive.ts'
import { configOption, loadOrExit, type Loaded } from './configuration.ts'
import { Progress, format, isFile } from './data.ts'
import { isEncrypted } from './encryption.ts'
import { knownPassphrase, newPassphrase, passphraseOption } from './passphrase.ts'
import { jsonOption, print } from './output.ts'

interface BackupOptions {
  readonly config: string
  readonly out: string
  readonly encrypt?: boolean
  readonly passphraseFile?: string
  readonly force?: boolean
  readonly json?: boolean
}

/** `millwright backup`: the data folder in one file, while the agent runs. */
export function backup(): Command {
  return new Command('backup')
    .addOption(configOption())
    .requiredOption('--out <file>', 'file to write, such as plant-2026-03-01.tar.gz')
    .option('--encrypt', 'encrypt it by a passphrase, in the age format')
    .addOption(passphraseOption())
    .option('--force', 'overwrite the file')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
The file holds private keys and the token: keep it as safe as the data folder itself, or encrypt it. Without the passphrase
nobody opens it any more, you neither; \`age --decrypt\` opens it too.

Example:
  $ millwright backup --config plant.yaml --out plant.tar.gz
  $ millwright backup --out plant.tar.gz.age --encrypt --passphrase-file /run/secrets/backup`,
    )
    .action(async (options: BackupOptions) => {
      const loaded = await loadOrExit(options.config)
      if (!existsSync(loaded.config.data))
        throw broken(`there is no data folder ${loaded.config.data}: the agent has not started there yet`)
      if (existsSync(options.out) && !options.force)
        throw new AgentError('BACKUP_BROKEN', `${options.out} exists already`, {
          remedy: 'Name another file with --out, or overwrite it with --force.',
        })
      const passphrase = options.encrypt ? await newPassphrase(options.passphraseFile) : undefined
      const progress = new Progress('backup')
      const work = await mkdtemp(join(dirname(resolve(options.out)), '.millwright-backup-')).catch((error: unknown) => {
        throw broken(`${options.out} cannot be written`, error)
      })
      // In a folder that nobody else may write to: a link in its place would have the backup written elsewhere.
      const part = join(work, 'backup.part')
      try {
        const files = await writeArchive(
          part,
          contents(loaded, work),
          (size) => progress.show(size, 'bytes'),
          passphrase,
        )
        await rename(part, options.out)
        progress.end()
        const { seconds } = progress
        print(
          options.json,
          { out: options.out, files, seconds },
          () => `${format(files)} files in ${seconds.toFixed(1)} s -> ${options.out}`,
        )
      } finally {
        await rm(work, { recursive: true, force: true })
      }
    })
}

/**
 * In an order that makes the copy consistent without stopping anything: first what connectors remember of their far side,
 * which must not be newer than the journal; then the journal as of one moment; last what the journal may refer to.
 */
async function* contents({ config, text }: Loaded, work: string): AsyncGenerator<ArchiveFile> {
  const about = { version, site: config.site, created: new Date().toISOString() }
  yield { name: 'backup.json', from: Buffer.from(JSON.stringify(about, null, 2)) }
  yield { name: 'plant.yaml', from: Buffer.from(text) }
  // Log-ins that were ended must not come back with a restore.
  const left = ['journal', sessionsFileName]
  const all = (await filesOf(config.data)).filter((name) => !left.includes(name.split('/')[0]))
  const late = (name: string) => name.startsWith('models/')
  for (const name of all.filter((name) => !late(name)))
    if (existsSync(join(config.data, name))) yield file(config.data, name)
  if (existsSync(join(config.data, 'journal', 'data.mdb'))) {
    await copyJournal(join(config.data, 'journal'), work)
    yield { name: 'data/journal/data.mdb', from: join(work, 'data.mdb') }
  }
  for (const name of (await filesOf(config.data)).filter(late)) yield file(config.data, name)
}

function file(folder: string, name: string): ArchiveFile {
  return { name: `data/${name}`, from: join(folder, name) }
}

/** Names of files below a folder, links aside; what is being written has a name that begins with a dot. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((name) => !name.startsWith(asideName) && !name.split('/').some((part) => part.startsWith('.')))
    .sort()
}

interface RestoreOptions {
  readonly config: string
  readonly data?: string
  readonly passphraseFile?: string
  readonly force?: boolean
  readonly most?: number
  readonly json?: boolean
}

/** `millwright restore`: a data folder from a backup. */
export function restore(): Command {
  return new Command('restore')
    .argument('<file>', 'the backup')
    .addOption(configOption())
    .option('--data <folder>', 'folder to restore to, instead of that of the configuration')
    .addOption(passphraseOption())
    .option('--force', 'also where the folder holds data: that is moved to a folder beside the new data')
    .addOption(
      new Option(
        '--most <size>',
        'unpack no more than this; else 256 MB and 100 times the size of the backup',
      ).argParser(sizeOf),
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ millwright restore plant.tar.gz --config plant.yaml\n  $ millwright restore plant.tar.gz --data /var/lib/millwright --force',
    )
    .action(async (from: string, options: RestoreOptions) => {
      if (!isFile(from)) throw broken(`there is no file ${from}`)
      const data = resolve(options.data ?? (await loadOrExit(options.config)).config.data)
      const passphrase = (await isEncrypted(from)) ? await knownPassphrase(options.passphraseFile) : undefined
      const { files, aside } = await restoreTo(data, from, options, passphrase)
      const moved = aside === undefined ? '' : `\nWhat was there is in ${aside}.`
      print(options.json, { data, files, aside }, () => `${format(files)} files restored to ${data}.${moved}`)
    })
}

/** Unpacks beside, checks everything, and only then puts it in place. The folder itself stays: it may be a volume. */
export async function restoreTo(
  data: string,
  from: string,
  { force = false, most }: Pick<RestoreOptions, 'force' | 'most'>,
  passphrase?: string,
): Promise<{ files: number; aside: string | undefined }> {
  const isNew = !existsSync(data)
  await mkdir(data, { recursive: true, mode: 0o700 })
  const before = (await readdir(data)).filter((name) => !name.startsWith('.restore-') && !name.startsWith(asideName))
  if (before.length > 0 && !force)
    throw new AgentError('BACKUP_BROKEN', `${data} holds data already`, {
      remedy: 'Name another folder with --data, or move that data aside with --force.',
    })
  // Refuses while an agent writes there.
  if (before.includes('journal')) await (await lockFolder(join(data, 'journal'), silent)).release()
  const work = await mkdtemp(join(data, '.restore-'))
  const progress = new Progress('restore')
  try {
    const bounds = { bytes: most ?? 256e6 + 100 * statSync(from).size }
    const names = await readArchive(from, work, bounds, (size) => progress.show(size, 'bytes'), passphrase)
    progress.end()
    const files = names.filter((name) => name.startsWith('data/')).length
    if (files === 0) throw broken(`${from} holds no data folder`)
    return { files, aside: await exchange(data, before, join(work, 'data')) }
  } catch (error) {
    // A folder that was made for nothing would be taken for that of a new plant.
    if (isNew) await rm(data, { recursive: true, force: true })
    throw error
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Moves what was there aside and the new data in its place; all of it, or nothing. */
async function exchange(data: string, before: readonly string[], fresh: string): Promise<string | undefined> {
  const aside =
    before.length > 0 ? join(data, `${asideName}${new Date().toISOString().replace(/[:.]/g, '-')}`) : undefined
  if (aside !== undefined) await mkdir(aside, { mode: 0o700 })
  const moved: (readonly [from: string, to: string])[] = []
  const move = async (from: string, to: string) => {
    await rename(from, to)
    moved.push([from, to])
  }
  try {
    for (const name of before) await move(join(data, name), join(aside!, name))
    for (const name of await readdir(fresh)) await move(join(fresh, name), join(data, name))
  } catch (error) {
    for (const [from, to] of moved.reverse()) await rename(to, from)
    if (aside !== undefined) await rm(aside, { recursive: true })
    throw error
  }
  return aside
}

function sizeOf(text: string): number {
  const size = byteSize.safeParse(text)
  if (size.success) return size.data
  throw new InvalidArgumentError('Expected a size such as 20GB.')
}

const asideName = 'before-restore-'

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
