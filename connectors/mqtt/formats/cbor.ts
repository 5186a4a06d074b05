import { Decoder } from 'cbor-x'
import type { Decode, FormatOptions } from './contract.ts'
import { readStructure } from './structure.ts'

/** CBOR (RFC 8949) in the forms of `readStructure`; typed arrays (RFC 8746) of numbers are waveforms. */
export function cborFormat(options: FormatOptions): Decode {
  const decoder = new Decoder({ mapsAsObjects: true, useRecords: false })
  return (bytes, start, end, receiver) => {
    const payload = bytes.subarray(start, end)
    const problem = checkCbor(payload, options.maxDepth)
    if (problem === 'deep') {
      receiver.reject('oversized', `nested deeper than ${options.maxDepth} levels`)
      return
    }
    if (problem !== undefined) {
      receiver.reject('malformed', `not CBOR: ${problem}`)
      return
    }
    let root: unknown
    try {
      root = decoder.decode(payload)
    } catch (error) {
      receiver.reject('malformed', `not CBOR: ${(error as Error).message}`)
      return
    }
    readStructure(root, options, receiver)
  }
}

/**
 * Walks the heads only: a decoder makes room for as many items as a head claims, and recurses as deep as they nest.
 * Undefined where no head claims more than there is.
 */
function checkCbor(bytes: Buffer, maxDepth: number): string | undefined {
  /** Items still to come per open level; Infinity where only a break ends it. */
  const open: number[] = [1]
  let at = 0
  while (open.length > 0) {
    if (open.at(-1) === 0) {
      open.pop()
      continue
    }
    if (at >= bytes.length) return 'it ends too early'
    const first = bytes[at++]
    if (first === 0xff) {
      if (open.pop() !== Infinity) return 'a break where none may be'
      continue
    }
    open[open.length - 1]--
    const major = first >> 5
    const extra = first & 31
    const size = extra < 24 ? 0 : extra === 31 ? -1 : extra < 28 ? 1 << (extra - 24) : -2
    if (size === -2 || (size === -1 && (major < 2 || major > 5))) return 'a reserved head'
    if (at + Math.max(size, 0) > bytes.length) return 'it ends too early'
    const count = size < 0 ? Infinity : size === 0 ? extra : readCount(bytes, at, size)
    at += Math.max(size, 0)
    if (major === 2 || major === 3) {
      if (count === Infinity) open.push(Infinity)
      else if (at + count > bytes.length) return 'it ends too early'
      else at += count
    } else if (major === 4 || major === 5) {
      const items = major === 5 ? count * 2 : count
      if (items !== Infinity && items > bytes.length - at) return 'it ends too early'
      open.push(items)
    } else if (major === 6) open.push(1)
    // Two levels more than values may nest: one for the root, one for a tagged value at the bottom.
    if (open.length > maxDepth * 2 + 2) return 'deep'
  }
  return at === bytes.length ? undefined : `${bytes.length - at} bytes too many`
}

function readCount(bytes: Buffer, at: number, size: number): number {
  return size === 8 ? Number(bytes.readBigUInt64BE(at)) : bytes.readUIntBE(at, size)
}
