import { execFile } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { access, constants, open, rm, stat, statfs } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { Config } from '../../settings/index.ts'
import { type Finding, childEnvironment } from '../../core/index.ts'
import { tokenFileName } from '../../process/index.ts'
import { bytes } from '../output.ts'
import { good, trouble, warning } from './findings.ts'

/** Node.js, clock, data folder, disk, permissions. */
export async function* examineMachine(config: Config, file: string, text: string): AsyncGenerator<Finding> {
  yield* examineNode()
  yield await examineClock()
  yield* examineFolder(config)
  yield* examineSecrets(config, file, text)
}

function* examineNode(): Generator<Finding> {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) yield good(`Node.js ${process.versions.node}`)
  else yield trouble(`Node.js ${process.versions.node} is too old`, 'Install Node.js 20.19 or later.')
}

/** Event times are the plant's own, but arrival, shelving and retention go by this machine's clock. */
async function examineClock(): Promise<Finding> {
  const now = new Date()
  const set = 'Set it, and let NTP keep it: chrony, or systemd-timesyncd.'
  if (now.getUTCFullYear() < 2025) return trouble(`the clock of this machine says ${now.toISOString()}`, set)
  const synchronized = await isSynchronized()
  const shown = `the clock of this machine says ${now.toISOString()}`
  if (synchronized === false) return warning(`${shown}, and nothing keeps it right`, set)
  return good(synchronized ? `${shown}, kept by NTP` : shown)
}

/** Undefined where the system does not say. */
async function isSynchronized(): Promise<boolean | undefined> {
  if (existsSync('/run/systemd/timesync/synchronized')) return true
  try {
    const { stdout } = await promisify(execFile)('timedatectl', ['show', '--property=NTPSynchronized', '--value'], {
      timeout: 3_000,
      env: childEnvironment(),
    })
    return stdout.trim() === '' ? undefined : stdout.trim() === 'yes'
  } catch {
    return undefined
  }
}

async function* examineFolder(config: Config): AsyncGenerator<Finding> {
  const folder = resolve(config.data)
  const there = existsSync(folder) ? folder : nearestParent(folder)
  const user = userInfo().username
  if (!(await may(there, constants.W_OK | constants.X_OK))) {
    yield trouble(
      `${user} may not write to ${there}${there === folder ? '' : `, so ${folder} cannot be made`}`,
      `Run as the user of the agent, or: chown -R ${user} ${there}. A read-only container needs a volume there.`,
    )
    return
  }
  yield good(there === folder ? `${folder} can be written` : `${folder} will be made at the first start`)
  yield await examineRoom(config, there)
  yield await examineSpeed(there)
  yield* examineJournalFiles(join(folder, 'journal'))
}

function nearestParent(path: string): string {
  const parent = dirname(path)
  return existsSync(parent) || parent === path ? parent : nearestParent(parent)
}

async function may(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  )
}

async function examineRoom({ journal, data }: Config, there: string): Promise<Finding> {
  const { bavail, bsize, files, ffree } = await statfs(there)
  const free = bavail * bsize
  const file = join(data, 'journal', 'data.mdb')
  const taken = existsSync(file) ? statSync(file).size : 0
  const wanted = Math.max(0, journal.size - taken)
  const room = `${bytes(free)} free; the journal may grow by ${bytes(wanted)}`
  const remedy = `Free space, or set journal.size to ${bytes(Math.floor((free + taken) * 0.8))} or less.`
  if (journal.store === 'memory')
    return warning('the journal is in memory: what is not delivered is lost at the end', 'Set journal.store to lmdb.')
  if (free < 50e6) return trouble(room, remedy)
  if (files > 0 && ffree < 1000)
    return trouble('the file system has no inodes left', 'Remove small files, or use a larger file system.')
  return free < wanted * 1.1 ? warning(room, remedy) : good(room)
}

/** What a commit costs: a message is acknowledged when the disk has it. */
async function examineSpeed(folder: string): Promise<Finding> {
  const path = join(folder, `.millwright-probe-${process.pid}`)
  const times: number[] = []
  const file = await open(path, 'w')
  try {
    for (let round = 0; round < 15; round++) {
      const start = performance.now()
      await file.write(Buffer.alloc(16_384, round), 0, 16_384, round * 16_384)
      await file.datasync()
      times.push(performance.now() - start)
    }
  } finally {
    await file.close()
    await rm(path, { force: true })
  }
  const sorted = times.sort((a, b) => a - b)
  const [middle, slowest] = [sorted[7], sorted[14]]
  const told = `the disk takes ${middle.toFixed(1)} ms for a commit, ${slowest.toFixed(0)} ms at worst`
  if (middle > 50)
    return warning(
      told,
      'It is slow: set max_inflight_messages of the broker to 1000, and use an industrial SSD rather than an SD card.',
    )
  return good(told)
}

function* examineJournalFiles(folder: string): Generator<Finding> {
  const names = existsSync(folder) ? readdirSync(folder) : []
  for (const name of names.filter((name) => name.includes('damaged')))
    yield warning(
      `a damaged journal was put aside: ${join(folder, name)}`,
      'Check the disk (smartctl). Nothing reads that file any more: keep it for a rescue, or remove it.',
    )
}

/** Files that others must not read. */
async function* examineSecrets(config: Config, file: string, text: string): AsyncGenerator<Finding> {
  const path = join(config.data, tokenFileName)
  const found = await stat(path).catch(() => undefined)
  if (found) {
    if (process.platform !== 'win32' && (found.mode & 0o077) !== 0)
      yield warning(`others may read ${path}`, `chmod 600 ${path}`)
    else if (!(await may(path, constants.R_OK)))
      yield trouble(`${path} cannot be read`, 'Run as the user of the agent.')
    else yield good(`the token is in ${path}, for its owner only`)
  }
  const inline = /^[^#]*\b(password|token|passphrase):\s*(?!["']?\$\{)[^\s,}]/m.test(text)
  if (!inline) return
  const mode = (await stat(file)).mode
  yield warning(
    `${file} holds a password${(mode & 0o004) === 0 ? '' : ', and everyone may read it'}`,
    'Put it into a file of its own and name that: password_file, token_file; or write ${NAME} and set it in the environment.',
  )
}
