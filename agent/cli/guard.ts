import { Redaction, escaped, printable } from '../core/index.ts'

/** Colours as `paint` writes them: they change nothing but the look of a text. */
const colours = /(\x1b\[(?:[0-2]|3[1-6])m)/

type Write = NodeJS.WriteStream['write']

/** Writes as they were before the guard: for what draws on the screen, and for data that goes to a program or a file. */
const bare = new WeakMap<NodeJS.WriteStream, Write>()
let redaction = new Redaction([])
let open = 0

/**
 * From here on nothing that comes from outside acts on a terminal, whichever command prints it: names, topics, messages and
 * cards lose control characters and marks that turn the direction of writing. JSON keeps them, escaped.
 */
export function guardOutput(json: boolean): void {
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream)
    bare.set(stream, write)
    stream.write = (chunk: string | Uint8Array, ...rest: []) =>
      write(typeof chunk === 'string' && open === 0 ? clean(chunk, json, stream.isTTY) : chunk, ...rest)
  }
}

/** What is to be kept out of all that is printed: the secrets of the configuration that a command was started with. */
export function keepSecret(secrets: Iterable<string>): void {
  redaction = new Redaction(secrets)
}

/** Writes past the guard. */
export function writeBare(stream: NodeJS.WriteStream, text: string): boolean {
  return (bare.get(stream) ?? stream.write.bind(stream))(text)
}

/** Lets something draw on the screen by itself, such as a line that is edited. */
export async function withoutGuard<Result>(work: () => Promise<Result>): Promise<Result> {
  open++
  try {
    return await work()
  } finally {
    open--
  }
}

function clean(chunk: string, json: boolean, terminal: boolean): string {
  const text = redaction.apply(chunk)
  if (json && /^\s*[[{]/.test(text)) return escaped(text)
  const parts = terminal ? text.split(colours) : [text]
  return parts.map((part, at) => (at % 2 === 1 ? part : lines(part))).join('')
}

function lines(text: string): string {
  return text.split(/(\r?\n|\t)/).map((part, at) => (at % 2 === 1 ? part : printable(part))).join('') // prettier-ignore
}
