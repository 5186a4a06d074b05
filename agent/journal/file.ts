import { closeSync, fstatSync, ftruncateSync, openSync, readSync, statSync } from 'node:fs'
import type { Logger } from '../core/index.ts'
import { damage } from './failures.ts'

/** LMDB's meta page, format 2: where things are, after 24 bytes of page header. */
const magicAt = 24
const magic = 0xbeefc0de
const pageSizeAt = 48
const lastPageAt = 144
const transactionAt = 152
const metaSize = 160

/**
 * Looks at an LMDB file before LMDB maps it, because there a foreign file ends the process (SIGSEGV), as a page beyond the
 * file's end does (SIGBUS). Throws damage where it is no LMDB file. Where it is shorter than its pages, zeros are added:
 * LMDB recognizes a page of zeros, and harmless pages, allocated and never written, may be all that is missing.
 */
export function mendFile(path: string, readOnly: boolean, log: Logger): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size === 0) return
  const file = openSync(path, readOnly ? 'r' : 'r+')
  try {
    const first = readMeta(file, 0)
    const second = readMeta(file, first.pageSize)
    const { lastPage, pageSize } = second.transaction > first.transaction ? second : first
    const needed = (lastPage + 1) * pageSize
    if (readOnly || fstatSync(file).size >= needed) return
    log.warn({ path, size, needed }, 'the journal file ends early: what is missing counts as corrupt')
    ftruncateSync(file, needed)
  } finally {
    closeSync(file)
  }
}

interface Meta {
  readonly pageSize: number
  readonly lastPage: number
  readonly transaction: number
}

function readMeta(file: number, at: number): Meta {
  const bytes = Buffer.alloc(metaSize)
  if (readSync(file, bytes, 0, metaSize, at) < metaSize) throw damage('the file is too short')
  if (bytes.readUInt32LE(magicAt) !== magic) throw damage('it is no LMDB file')
  return {
    pageSize: bytes.readUInt32LE(pageSizeAt),
    lastPage: Number(bytes.readBigUInt64LE(lastPageAt)),
    transaction: Number(bytes.readBigUInt64LE(transactionAt)),
  }
}
