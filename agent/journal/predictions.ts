import type { Prediction, PredictionKind, PredictionState } from '../core/index.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { readPacked, writePacked } from './integers.ts'
import { ValueCodec } from './values.ts'

const values = new ValueCodec()
const codes = new Map<string, number>()
const words: string[] = []
let scratch = new Uint32Array(256)

const textColumns = ['asset', 'monitor', 'kind', 'state', 'model'] as const
const optionalColumns = ['value', 'lower', 'upper', 'probability'] as const
const numberColumns = ['time', 'score', 'threshold', 'coverage', 'revision'] as const

/** Writes predictions by column; texts and roles are codes into one list of words per record. */
export function writePredictions(writer: ByteWriter, predictions: readonly Prediction[]): void {
  const count = predictions.length
  codes.clear()
  words.length = 0
  const roles = predictions.map((prediction) => Object.keys(prediction.contributions))
  const flat = roles.flat()
  // The words come first in the record, so they are collected first.
  for (const column of textColumns) for (const prediction of predictions) codeOf(prediction[column])
  for (const role of flat) codeOf(role)
  for (const { label, missing } of predictions) {
    if (label !== undefined) codeOf(label)
    for (const signal of missing ?? []) codeOf(signal)
  }
  writer.varint(words.length)
  for (const word of words) writer.text(word)
  for (const column of textColumns) writeCodes(writer, count, (row) => codes.get(predictions[row][column])!)
  for (const column of numberColumns) {
    const into = values.column(count)
    for (let row = 0; row < count; row++) into[row] = predictions[row][column]
    values.write(writer, count)
  }
  writeCodes(writer, count, (row) => roles[row].length)
  writeCodes(writer, flat.length, (index) => codes.get(flat[index])!)
  writeContributions(writer, predictions, roles, flat.length)
  writeOptional(writer, predictions)
}

function writeContributions(
  writer: ByteWriter,
  predictions: readonly Prediction[],
  roles: readonly (readonly string[])[],
  count: number,
): void {
  const into = values.column(count)
  let at = 0
  for (let row = 0; row < predictions.length; row++) {
    const { contributions } = predictions[row]
    for (const role of roles[row]) into[at++] = contributions[role]
  }
  values.write(writer, count)
}

export function readPredictions(reader: ByteReader, count: number): Prediction[] {
  const list = Array.from({ length: reader.varint() }, () => reader.text())
  const texts = textColumns.map(() => readCodes(reader, count).slice(0, count))
  const numbers = numberColumns.map(() => values.read(reader, count).slice(0, count))
  const contributions = readContributions(reader, count, list)
  const optional = readOptional(reader, count, list)
  const [asset, monitor, kind, state, model] = texts
  const [time, score, threshold, coverage, revision] = numbers
  return Array.from({ length: count }, (_, row) => ({
    time: time[row],
    asset: list[asset[row]],
    monitor: list[monitor[row]],
    kind: list[kind[row]] as PredictionKind,
    score: score[row],
    threshold: threshold[row],
    state: list[state[row]] as PredictionState,
    coverage: coverage[row],
    revision: revision[row],
    model: list[model[row]],
    contributions: contributions[row],
    ...optional(row),
  }))
}

function readContributions(reader: ByteReader, count: number, list: readonly string[]): Record<string, number>[] {
  const sizes = readCodes(reader, count).slice(0, count)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const roles = readCodes(reader, total).slice(0, total)
  const shares = values.read(reader, total)
  let at = 0
  return Array.from(sizes, (size) => {
    const contributions: Record<string, number> = {}
    for (const end = at + size; at < end; at++) contributions[list[roles[at]]] = shares[at]
    return contributions
  })
}

/** What only some kinds have: a byte that says which, then each as a column, NaN or 0 where a row lacks it. */
function writeOptional(writer: ByteWriter, predictions: readonly Prediction[]): void {
  const count = predictions.length
  const present = optionalColumns.map((column) => predictions.some((prediction) => prediction[column] !== undefined))
  const labels = predictions.some(({ label }) => label !== undefined)
  const missing = predictions.some((prediction) => prediction.missing !== undefined)
  writer.byte([...present, labels, missing].reduce((flags, is, bit) => flags | (Number(is) << bit), 0))
  optionalColumns.forEach((column, index) => {
    if (!present[index]) return
    const into = values.column(count)
    for (let row = 0; row < count; row++) into[row] = predictions[row][column] ?? NaN
    values.write(writer, count)
  })
  if (labels) {
    writeCodes(writer, count, (row) => {
      const { label } = predictions[row]
      return label === undefined ? 0 : codes.get(label)! + 1
    })
  }
  if (missing) {
    const flat = predictions.flatMap((prediction) => prediction.missing ?? [])
    writeCodes(writer, count, (row) => predictions[row].missing?.length ?? 0)
    writeCodes(writer, flat.length, (index) => codes.get(flat[index])!)
  }
}

function readOptional(
  reader: ByteReader,
  count: number,
  list: readonly string[],
): (row: number) => Partial<Prediction> {
  const flags = reader.byte()
  if (flags === 0) return () => ({})
  const has = (bit: number) => (flags & (1 << bit)) !== 0
  const columns = optionalColumns.map((_, bit) => (has(bit) ? values.read(reader, count).slice(0, count) : undefined))
  const labels = has(optionalColumns.length) ? readCodes(reader, count).slice(0, count) : undefined
  const missing = has(optionalColumns.length + 1) ? readLists(reader, count, list) : undefined
  return (row) => {
    const found: Record<string, number | string | readonly string[]> = {}
    optionalColumns.forEach((column, bit) => {
      const value = columns[bit]?.[row] ?? NaN
      if (!Number.isNaN(value)) found[column] = value
    })
    if (labels && labels[row] > 0) found.label = list[labels[row] - 1]
    if (missing && missing[row].length > 0) found.missing = missing[row]
    return found
  }
}

/** A list of words for each row. */
function readLists(reader: ByteReader, count: number, list: readonly string[]): string[][] {
  const sizes = readCodes(reader, count).slice(0, count)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const words = readCodes(reader, total).slice(0, total)
  let at = 0
  return Array.from(sizes, (size) => Array.from({ length: size }, () => list[words[at++]]))
}

function codeOf(word: string): void {
  if (codes.has(word)) return
  codes.set(word, words.push(word) - 1)
}

function writeCodes(writer: ByteWriter, count: number, code: (index: number) => number): void {
  if (count > scratch.length) scratch = new Uint32Array(count * 2)
  for (let i = 0; i < count; i++) scratch[i] = code(i)
  writePacked(writer, scratch, count)
}

function readCodes(reader: ByteReader, count: number): Uint32Array {
  if (count > scratch.length) scratch = new Uint32Array(count * 2)
  readPacked(reader, scratch, count)
  return scratch
}
