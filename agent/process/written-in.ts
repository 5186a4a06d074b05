import { existsSync, readFileSync } from 'node:fs'
import { SourceMap, type SourceMapPayload } from 'node:module'
import { dirname, join } from 'node:path'

/** The file that a place in a bundle was made from; of other files the file itself. `line` and `column` as in a stack: from 1. */
export function writtenIn(file: string, line: number, column: number): string {
  if (!existsSync(`${file}.map`)) return file
  const map = new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')) as SourceMapPayload)
  const entry = map.findEntry(line - 1, column - 1)
  return 'originalSource' in entry ? join(dirname(file), entry.originalSource) : file
}
