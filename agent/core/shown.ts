/**
 * Texts from outside, made fit for where they are shown: terminals, logs, comments, spreadsheets. What a device, a topic or a
 * server says may hold line breaks, escape sequences, marks that turn the direction of writing, formulas, or what it was told.
 */

/** Control characters (C0, DEL, C1), line separators, and marks that hide or turn text (Unicode TR 36). */
const unprintable = /[\p{Cc}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu

/** The text with a dot for each character that cannot be seen, or does something to what is around it. */
export function printable(text: string): string {
  return text.replace(unprintable, '\u00b7')
}

/** The same as JSON has it: each such character escaped, so that the text stays what it was. */
export function escaped(json: string): string {
  return json.replace(unprintable, (found) =>
    found === '\n' ? found : `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** On one line, printable, with at most `most` characters. */
export function oneLine(text: string, most = 200): string {
  // More is never looked at: it may be megabytes.
  const line = printable(text.slice(0, 2 * most).replace(/\s+/g, ' ')).trim()
  return text.length > 2 * most || line.length > most ? `${line.slice(0, most - 1)}\u2026` : line
}

/** Begins as a formula does, or with what spreadsheets skip before one; full-width signs count as well. */
const formula = /^(?:[\s"'\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])/
const number = /^\s*[+-]?[\d.,\s]*\d(?:[eE][+-]?\d{1,4})?\s*%?$/

/**
 * A text as a cell of CSV after RFC 4180, quoted where it has to be. What a spreadsheet would take for a formula gets an
 * apostrophe in front (OWASP, "CSV injection"): what begins with `=`, `+`, `-`, `@`, a tab or a line break, blanks and quotes
 * before it aside, and is no number.
 */
export function csvCell(text: string): string {
  const first = text.charCodeAt(0)
  // Most begin with a letter or a digit: nothing begins as a formula then.
  const plain = (first >= 0x30 && first <= 0x39) || ((first | 0x20) >= 0x61 && (first | 0x20) <= 0x7a)
  const safe = !plain && formula.test(text) && !(text.length <= 400 && number.test(text)) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** What is taken out of texts: secrets, as they are and as URLs and headers have them. */
export class Redaction {
  readonly #words: readonly string[]

  /** What may be a word is left: a password `plant` would take half of what is said with it, and tell by that what it is. */
  constructor(secrets: Iterable<string>) {
    const words = new Set<string>()
    for (const secret of secrets) {
      if (isWord(secret)) continue
      const base64 = Buffer.from(secret).toString('base64')
      for (const word of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), base64]) words.add(word) // prettier-ignore
    }
    // The longest first: one may be part of another.
    this.#words = [...words].sort((one, other) => other.length - one.length)
  }

  /** Also takes out what stands where credentials stand: `user:password@` in an address, `Bearer ...`, `token=...`. */
  apply(text: string): string {
    let clean = text
    for (const word of this.#words) if (clean.includes(word)) clean = clean.replaceAll(word, hidden)
    return clean
      .replace(/(:\/\/[^\s/?#:@]{0,200}:)[^\s/?#@]{1,500}@/g, `$1${hidden}@`)
      .replace(/\b(Bearer|Basic) +[A-Za-z0-9._~+/=-]{16,}/gi, `$1 ${hidden}`)
      .replace(/\b(password|passwd|secret|api[_-]?key|token)(=|" ?: ?")[^\s"'&,;]{4,}/gi, `$1$2${hidden}`)
  }
}

const hidden = '***'

function isWord(secret: string): boolean {
  return secret.length < 6 || /^(\p{L}{1,11}|\d{1,7})$/u.test(secret)
}
