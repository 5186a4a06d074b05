import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DetectorError, describeError, readWhole } from '../agent/core/index.ts'
import { contentHash, readBundle, syncFolder, writeBundle } from './onnx/bundle.ts'
import type { ModelBundle, StoredBundle, StoredManifest } from './onnx/manifest.ts'
import type { Report } from './report.ts'
import type { BundleGuard } from './signing.ts'

/** A version in the registry; `problem` says why it cannot be loaded. */
export interface RegistryEntry<Bundle extends StoredBundle = ModelBundle> {
  readonly version: string
  readonly manifest?: Bundle['manifest']
  readonly card?: string
  readonly problem?: string
}

const versionName = /^(\d{4,})-([0-9a-f]{8})$/
const unfinished = '.new-'

/**
 * Model bundles in a folder, by monitor or station and version: `<monitor>/0001-<hash of the content>/`. A bundle is there
 * whole or not at all, whenever the process ends. Versions sort in the order of registration.
 */
export class BundleRegistry<Bundle extends StoredBundle = StoredBundle> {
  readonly #folder: string
  readonly #read: (folder: string) => Promise<Bundle>
  readonly #keep: number
  readonly #guard: BundleGuard | undefined
  #last: Promise<unknown> = Promise.resolve()

  /**
   * `read`: reads a bundle from its folder; `keep`: how many versions of a monitor stay, the newest ones; `guard`: lets only
   * those be loaded that somebody trusted has signed.
   */
  constructor(folder: string, read: (folder: string) => Promise<Bundle>, keep = 20, guard?: BundleGuard) {
    this.#folder = folder
    this.#read = read
    this.#keep = keep
    this.#guard = guard
  }

  /**
   * Stores a bundle; resolves with its version once it is on disk. The same content again is the version it already has.
   * Removes the oldest versions beyond the bound, but never `active`.
   * `origin`: made by this agent, which signs it where signatures are asked for, or given to it from elsewhere.
   * Rejects with a DetectorError: TRAINING_FAILED, so it is tried again, where the folder cannot be written; MODEL_UNTRUSTED
   * where one from elsewhere is not signed as it has to be.
   */
  register(bundle: Bundle, active?: string, origin: 'made' | 'given' = 'made'): Promise<string> {
    const turn = this.#last.then(() => this.#register(bundle, active, origin))
    this.#last = turn.catch(() => undefined)
    return turn
  }

  /**
   * Looks at a bundle in a folder before anything is done with it. Rejects with a DetectorError (MODEL_UNTRUSTED) where nobody
   * who is trusted has signed it as it is.
   */
  async admit(folder: string, manifest: StoredManifest): Promise<void> {
    await this.#guard?.check(folder, manifest)
  }

  /** Versions of a monitor, oldest first. */
  async versions(monitor: string): Promise<string[]> {
    const names = await readdir(this.#monitorFolder(monitor)).catch(() => [])
    return names.filter((name) => versionName.test(name)).sort((a, b) => sequence(a) - sequence(b) || (a < b ? -1 : 1))
  }

  /** What is stored of a monitor, oldest first; damaged versions with their problem. */
  async list(monitor: string): Promise<RegistryEntry<Bundle>[]> {
    const versions = await this.versions(monitor)
    return Promise.all(
      versions.map((version) =>
        this.load(monitor, version).then(
          ({ manifest, card }: Bundle) => ({ version, manifest, card }),
          (error: unknown) => ({ version, problem: describeError(error) }),
        ),
      ),
    )
  }

  /** Folder of a version, with its report, for reading only. */
  folder(monitor: string, version: string): string {
    return join(this.#monitorFolder(monitor), version)
  }

  /** How a version came to be; undefined where it has no report. */
  async report(monitor: string, version: string): Promise<Report | undefined> {
    const bytes = await readWhole(join(this.folder(monitor, version), 'report.json')).catch(() => undefined)
    return bytes && (JSON.parse(bytes.toString('utf8')) as Report)
  }

  /** Monitors that have a version. */
  async monitors(): Promise<string[]> {
    const names = await readdir(this.#folder).catch(() => [])
    return names.map(decodeURIComponent).sort()
  }

  /** Rejects with a DetectorError: MODEL_MISSING, MODEL_BROKEN where a file is damaged or not the registered one, MODEL_UNTRUSTED. */
  async load(monitor: string, version: string): Promise<Bundle> {
    const folder = this.folder(monitor, version)
    if (!versionName.test(version) || !(await exists(folder))) {
      const versions = await this.versions(monitor)
      throw new DetectorError('MODEL_MISSING', `${monitor} has no model ${version}`, {
        remedy: versions.length > 0 ? `There are: ${versions.join(', ')}.` : 'It has none yet: train one.',
      })
    }
    const bundle = await this.#read(folder)
    if (bundle.manifest.version === version && shortHash(bundle.manifest) === versionName.exec(version)?.[2]) {
      await this.#guard?.check(folder, bundle.manifest)
      return bundle
    }
    throw new DetectorError('MODEL_BROKEN', `the manifest of model ${version} was changed after it was registered`, {
      remedy: 'Restore the folder from a copy, go back to an older version, or train again.',
    })
  }

  async #register(bundle: Bundle, active: string | undefined, origin: 'made' | 'given'): Promise<string> {
    const { monitor } = bundle.manifest
    const hash = shortHash(bundle.manifest)
    const versions = await this.versions(monitor)
    const same = versions.find((version) => version.endsWith(hash))
    if (same !== undefined && (await this.load(monitor, same).catch(() => undefined))) return same
    const next = versions.length === 0 ? 1 : sequence(versions[versions.length - 1]) + 1
    const version = `${String(next).padStart(4, '0')}-${hash}`
    try {
      await this.#store({ ...bundle, manifest: { ...bundle.manifest, version } }, origin)
      await this.#prune(monitor, version, active)
    } catch (error) {
      if (error instanceof DetectorError) throw error
      throw new DetectorError('TRAINING_FAILED', `model ${version} of ${monitor} cannot be stored`, {
        cause: error,
        remedy: 'Look whether the data folder can be written and has room.',
      })
    }
    return version
  }

  /** Writes into a folder beside, then renames it: a reader sees all of a bundle or nothing. */
  async #store(bundle: StoredBundle, origin: 'made' | 'given'): Promise<void> {
    const parent = this.#monitorFolder(bundle.manifest.monitor)
    await mkdir(parent, { recursive: true })
    const leftovers = (await readdir(parent)).filter((name) => name.startsWith(unfinished))
    for (const name of leftovers) await rm(join(parent, name), { recursive: true, force: true })
    const folder = await mkdtemp(join(parent, unfinished))
    try {
      await writeBundle(folder, bundle)
      await this.#guard?.[origin === 'made' ? 'sign' : 'check'](folder, bundle.manifest)
      await rename(folder, join(parent, bundle.manifest.version))
      await syncFolder(parent)
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  }

  /** Removes the oldest versions beyond the bound; each is renamed first, so that none is ever half there. */
  async #prune(monitor: string, newest: string, active?: string): Promise<void> {
    const versions = await this.versions(monitor)
    const old = versions.slice(0, Math.max(0, versions.length - this.#keep))
    for (const version of old) {
      if (version === active || version === newest) continue
      const parent = this.#monitorFolder(monitor)
      const away = join(parent, `${unfinished}${version}`)
      await rename(join(parent, version), away)
      await rm(away, { recursive: true, force: true })
    }
  }

  #monitorFolder(monitor: string): string {
    return join(this.#folder, encodeURIComponent(monitor).replace(/^\./, '%2E'))
  }
}

/** The models of monitors. */
export class Registry extends BundleRegistry<ModelBundle> {
  constructor(folder: string, keep?: number, guard?: BundleGuard) {
    super(folder, readBundle, keep, guard)
  }
}

function sequence(version: string): number {
  return Number(versionName.exec(version)?.[1])
}

function shortHash(manifest: StoredManifest): string {
  return contentHash(manifest).slice(0, 8)
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
