import { CborError, decodeCbor } from './cbor-decode.ts'
import type { Decode, FormatOptions } from './contract.ts'
import { readStructure } from './structure.ts'

/** CBOR (RFC 8949) in the forms of `readStructure`; typed arrays (RFC 8746) of numbers are waveforms. */
export function cborFormat(options: FormatOptions): Decode {
  return (bytes, start, end, receiver) => {
    let root: unknown
    try {
      root = decodeCbor(bytes.subarray(start, end), options.maxDepth + 1)
    } catch (error) {
      if (!(error instanceof CborError)) throw error
      if (error.deep) receiver.reject('oversized', `nested deeper than ${options.maxDepth} levels`)
      else receiver.reject('malformed', `not CBOR: ${error.message}`)
      return
    }
    readStructure(root, options, receiver)
  }
}
