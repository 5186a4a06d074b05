import type { Decode, FormatOptions } from './contract.ts'
import { flatReader } from './flat.ts'
import { readStructure } from './structure.ts'

/** Numbers that are none, as Python, C and old runtimes of Microsoft write them. */
const notFinite = /^[+-]?(?:nan(?:\(\w*\))?|inf(?:inity)?|1\.#\w+)$/i
const longInteger = /^-?\d{16,400}$/
const delimiters = /[,:{}[\]"\s]/

/** JSON in the forms of `readStructure`; plain numbers, booleans and texts included. */
export function jsonFormat(options: FormatOptions): Decode {
  const flat = flatReader(options)
  return (bytes, start, end, receiver) => {
    let last = end
    // Programs in C send the zero that ends their texts.
    while (last > start && bytes[last - 1] === 0) last--
    if (flat && bytes[start] === 0x7b && flat(bytes, start, last, receiver)) return
    const text = bytes.toString('utf8', start, last)
    let root: unknown
    try {
      root = parseLoosely(text, options.exactIntegers)
    } catch (error) {
      receiver.reject('malformed', `not JSON: ${(error as Error).message.slice(0, 200)}`)
      return
    }
    readStructure(root, options, receiver)
  }
}

/**
 * JSON.parse, but numbers that are none (NaN, Infinity) are null, and with `exact` integers of 16 digits and more are texts:
 * JSON.parse rounds them, and the tag's type makes them integers again. Throws a SyntaxError for anything else.
 */
export function parseLoosely(text: string, exact: boolean): unknown {
  if (exact) return JSON.parse(rewriteTokens(text, true))
  try {
    return JSON.parse(text)
  } catch (error) {
    const rewritten = rewriteTokens(text, false)
    if (rewritten === text) throw error
    return JSON.parse(rewritten)
  }
}

/** One pass over the text, in linear time: tokens outside of quotes are looked at, one by one. */
function rewriteTokens(text: string, exact: boolean): string {
  const pieces: string[] = []
  let copied = 0
  let at = 0
  while (at < text.length) {
    const character = text[at]
    if (character === '"') at = afterQuoted(text, at)
    else if (delimiters.test(character)) at++
    else {
      const from = at
      while (at < text.length && !delimiters.test(text[at])) at++
      if (at - from > 400) continue
      const token = text.slice(from, at)
      const other = notFinite.test(token) ? 'null' : exact && longInteger.test(token) ? `"${token}"` : token
      if (other === token) continue
      pieces.push(text.slice(copied, from), other)
      copied = at
    }
  }
  return pieces.length === 0 ? text : pieces.join('') + text.slice(copied)
}

function afterQuoted(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}
