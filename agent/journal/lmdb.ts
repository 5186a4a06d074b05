// Longer than others: what LMDB does on full disks and damaged files is known in this one place.
import { accessSync, constants, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Database, open, type RootDatabase } from 'lmdb'
import { JournalError, type Logger, type Stream, describeError, streams } from '../core/index.ts'
import { commitFailure, isDamage, openFailure } from './failures.ts'
import { mendFile } from './file.ts'
import { type FolderLock, lockFolder } from './lock.ts'
import { Reserve } from './reserve.ts'
import { canBegin, Room } from './room.ts'
import type { Changes, Store, StoredRecord } from './store.ts'
import { walk } from './walk.ts'

type Table<Key extends string | number> = Database<Uint8Array, Key>

const pageSize = 4096
/** Bytes written and read after which the file is mapped anew. */
const mappedLong = 8e6
const dataFile = 'data.mdb'
/** LMDB's table of readers; made anew with each store. */
const lockFile = 'lock.mdb'

export interface LmdbOptions {
  readonly folder: string
  readonly log: Logger
  readonly readOnly: boolean
  /** It may be damaged: looked through first, or put aside unread. */
  readonly suspect?: 'look' | 'aside'
}

/**
 * Keeps records in LMDB, one key per record, offsets as keys.
 *
 * Durability: `overlappingSync` is off, so a commit is LMDB's own sequence on its write thread: write the changed pages to
 * free places, fdatasync, then write and sync the meta page that makes them current. The promise of `batch` resolves after
 * that sequence, never before; a crash at any point leaves the meta page of either before or after. (With overlapping sync
 * the promise resolves at visibility, and a failed flush is not reported.) All puts of a `batch` are one transaction as long
 * as nobody runs a synchronous transaction meanwhile; only opening does.
 */
export class LmdbStore implements Store {
  #tables: Tables
  /** False from when the file could not be mapped anew until that succeeds. */
  #mapped = true
  #touched = 0
  readonly #folder: string
  readonly #reserve: Reserve
  readonly #room: Room
  readonly #lock: FolderLock | undefined

  private constructor(folder: string, root: RootDatabase<Uint8Array, string>, lock: FolderLock | undefined) {
    this.#folder = folder
    this.#reserve = new Reserve(folder)
    this.#room = new Room(folder)
    this.#tables = openTables(root)
    this.#lock = lock
  }

  get readable(): boolean {
    return this.#mapped
  }

  /**
   * Opens, and creates where absent; gives what `use` makes of the store. Rejects with a JournalError. A store that is
   * damaged, or in which `use` finds damage, is moved aside with a loud log, and a new one is begun.
   */
  static async open<Used>(options: LmdbOptions, use: (store: LmdbStore) => Used): Promise<Used> {
    const { folder, log, readOnly } = options
    if (readOnly) return openToRead(options, (root) => use(new LmdbStore(folder, root, undefined)))
    let lock: FolderLock | undefined
    try {
      mkdirSync(folder, { recursive: true })
      accessSync(folder, constants.W_OK)
      lock = await lockFolder(folder, log)
      return await openToWrite(options, (root) => {
        const store = new LmdbStore(folder, root, lock)
        store.#touch()
        store.#reserve.fill()
        return use(store)
      })
    } catch (error) {
      await lock?.release()
      throw openFailure(error, folder)
    }
  }

  /** Walks down both edges of the trees: a damaged one fails now. */
  #touch(): void {
    for (const table of Object.values(this.#tables.records)) {
      for (const reverse of [false, true]) Array.from(table.getKeys({ limit: 1, reverse }))
    }
  }

  async commit(changes: Changes): Promise<void> {
    if (!this.#mapped || this.#touched > mappedLong) await this.#mapAnew()
    try {
      await this.#write(changes)
    } catch (error) {
      const makesRoom = changes.removals.length > 0
      const full = error instanceof JournalError && error.code === 'JOURNAL_FULL'
      if (!full || !makesRoom || !this.#reserve.spend()) throw error
      await this.#write(changes)
    }
  }

  async #write({ puts, removals, meta }: Changes): Promise<void> {
    const { root, records, meta: metaTable } = this.#tables
    this.#needRoom(puts)
    try {
      await root.batch(() => {
        for (const { stream, offset, bytes } of puts) {
          this.#touched += bytes.length
          void records[stream].put(offset, bytes)
        }
        for (const { stream, offsets } of removals) {
          for (const offset of offsets) void records[stream].remove(offset)
        }
        for (const [name, bytes] of meta) void metaTable.put(name, bytes)
      })
      this.#room.changed(this.#sizeOf(puts) - removals.reduce((sum, { bytes }) => sum + bytes, 0))
    } catch (error) {
      const cause = await commitError(error)
      throw commitFailure(cause, this.#folder, this.#fileSize())
    }
  }

  /** Throws JOURNAL_FULL where the records may not fit. */
  #needRoom(puts: Changes['puts']): void {
    if (this.#room.has(this.#sizeOf(puts), this.#fileSize())) return
    throw noRoom(this.#folder)
  }

  /**
   * Every page of the file that was looked at stays part of this process's memory until the file is unmapped, in the end
   * all of it: so now and then it is. Takes about 2 ms, in one go: nobody finds the store closed.
   */
  async #mapAnew(): Promise<void> {
    if (this.#mapped) {
      await this.#tables.root.flushed
      this.#mapped = false
      closeAtOnce(this.#tables.root)
    }
    try {
      this.#tables = openTables(environment(this.#folder, false))
    } catch (error) {
      throw openFailure(error, this.#folder)
    }
    this.#touched = 0
    this.#mapped = true
  }

  trimmed(): void {
    this.#reserve.fill()
  }

  #sizeOf(puts: Changes['puts']): number {
    return puts.reduce((sum, { bytes }) => sum + this.footprint(bytes.length), 0)
  }

  #fileSize(): number {
    return sizeOf(join(this.#folder, dataFile))
  }

  *scan(stream: Stream, from: number, to: number): Iterable<StoredRecord> {
    if (!this.#mapped) return
    const range = this.#tables.records[stream].getRange({ start: from, end: to })
    for (const { key, value } of range) {
      this.#touched += value.length
      yield { offset: key, bytes: value }
    }
  }

  meta(name: string): Uint8Array | undefined {
    return this.#mapped ? this.#tables.meta.get(name) : undefined
  }

  /** A value that leaves no room for a second one on a page gets pages of its own. */
  footprint(length: number): number {
    const node = length + 18
    return node > pageSize / 2 - 16 ? Math.ceil((length + 16) / pageSize) * pageSize + 26 : node + (node & 1)
  }

  refresh(): void {
    this.#tables.root.resetReadTxn()
  }

  async close(): Promise<void> {
    // Left open, LMDB would keep its thread and its reader slot until the process ends.
    if (this.#mapped) await this.#tables.root.close()
    await this.#lock?.release()
  }
}

/** 0 where there is no such file. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function noRoom(folder: string): JournalError {
  return commitFailure(Object.assign(new Error('the disk is full'), { code: 'ENOSPC' }), folder, 0)
}

interface Tables {
  readonly root: RootDatabase<Uint8Array, string>
  readonly records: Record<Stream, Table<number>>
  readonly meta: Table<string>
}

function openTables(root: RootDatabase<Uint8Array, string>): Tables {
  const table = <Key extends string | number>(name: string): Table<Key> => {
    const opened = root.openDB<Uint8Array, Key>({ name, encoding: 'binary' }) as Table<Key> | undefined
    if (!opened) throw new Error(`the store has no table ${name}`)
    return opened
  }
  const records = { samples: table<number>('samples'), results: table<number>('results'), dead: table<number>('dead') }
  return { root, records, meta: table('meta') }
}

type Use<Used> = (root: RootDatabase<Uint8Array, string>) => Used

function environment(folder: string, readOnly: boolean): RootDatabase<Uint8Array, string> {
  return open<Uint8Array, string>({
    path: folder,
    noSubdir: false,
    encoding: 'binary',
    maxDbs: streams.length + 1,
    readOnly,
    overlappingSync: false,
    // The journal makes the groups: a batch shall start at once, not with the next turn.
    eventTurnBatching: false,
  })
}

async function openToRead<Used>(options: LmdbOptions, use: Use<Used>): Promise<Used> {
  const { folder } = options
  try {
    if (!existsSync(join(folder, dataFile))) throw new Error('there is no journal')
    return await openChecked(options, use)
  } catch (error) {
    throw new JournalError('JOURNAL_IO', `the journal in ${folder} cannot be read`, {
      cause: error,
      remedy: 'Check that the folder holds a journal and that the agent has started once.',
    })
  }
}

async function openToWrite<Used>(options: LmdbOptions, use: Use<Used>): Promise<Used> {
  const { folder } = options
  if (existsSync(join(folder, dataFile))) {
    accessSync(join(folder, dataFile), constants.W_OK)
    const wrong = await suspicion(options)
    if (wrong !== undefined) putAside(options, wrong)
  }
  try {
    return await openChecked(options, use)
  } catch (error) {
    if (!isDamage(error)) throw error
    putAside(options, describeError(error))
    return await openChecked(options, use)
  }
}

async function suspicion({ folder, suspect, log }: LmdbOptions): Promise<string | undefined> {
  if (suspect === undefined) return undefined
  if (suspect === 'aside') return 'two processes ended while they opened it'
  log.info({ folder }, 'the process before ended without a stop: the journal is looked through first')
  mendFile(join(folder, dataFile), false, log)
  return walk(folder)
}

/** An unattended gateway must go on measuring; nothing is deleted, and what can be saved can be saved by hand. */
function putAside({ folder, log }: LmdbOptions, why: string): void {
  const aside = `${dataFile}.damaged-${new Date().toISOString().replace(/[:.]/g, '-')}`
  renameSync(join(folder, dataFile), join(folder, aside))
  rmSync(join(folder, lockFile), { force: true })
  log.error({ folder, aside }, `the journal is damaged (${why}): moved to ${aside}, a new one is begun`)
}

async function openChecked<Used>({ folder, log, readOnly }: LmdbOptions, use: Use<Used>): Promise<Used> {
  const begun = [dataFile, lockFile].every((file) => sizeOf(join(folder, file)) > 0)
  if (!begun && !canBegin(folder)) throw noRoom(folder)
  mendFile(join(folder, dataFile), readOnly, log)
  const root = environment(folder, readOnly)
  try {
    return use(root)
  } catch (error) {
    await root.close()
    throw error
  }
}

/**
 * `close` waits for writes in microtasks, and a read between them ends the process (lmdb-js throws in a timer, `Attempt to
 * reset an invalid read txn`). To be called when no write is under way: there is nothing to wait for.
 */
function closeAtOnce(root: RootDatabase<Uint8Array, string>): void {
  Object.assign(root, { _endWrites: undefined })
  void root.close()
}

/** lmdb-js rejects with a general error and puts the reason into a promise of its own. */
async function commitError(error: unknown): Promise<unknown> {
  if (!(error instanceof Error && 'commitError' in error)) return error
  try {
    await (error.commitError as Promise<unknown>)
    return error
  } catch (reason) {
    return reason
  }
}
