import type { Decode, FormatOptions } from './contract.ts'
import { flatReader } from './flat.ts'
import { readStructure } from './structure.ts'

const longIntegers = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g

/** JSON in the forms of `readStructure`; plain numbers, booleans and texts included. */
export function jsonFormat(options: FormatOptions): Decode {
  const flat = flatReader(options)
  return (bytes, start, end, receiver) => {
    if (flat && bytes[start] === 0x7b && flat(bytes, start, end, receiver)) return
    const text = bytes.toString('utf8', start, end)
    let root: unknown
    try {
      root = JSON.parse(options.exactIntegers ? quoteLongIntegers(text) : text)
    } catch (error) {
      receiver.reject('malformed', `not JSON: ${(error as Error).message}`)
      return
    }
    readStructure(root, options, receiver)
  }
}

/** JSON.parse rounds integers beyond 2^53; as texts they stay exact until the tag's type makes them integers again. */
function quoteLongIntegers(text: string): string {
  return text.replace(longIntegers, (match) => (match.startsWith('"') ? match : `"${match}"`))
}
