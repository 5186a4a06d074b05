import { type Batch, makeColumns } from '../core/index.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { Chains } from './chains.ts'
import { TagCodec } from './tags.ts'
import { TimeCodec } from './times.ts'
import { ValueCodec } from './values.ts'

const goodFlag = 1
const textsFlag = 2
const exactFlag = 4

const chains = new Chains()
const tags = new TagCodec()
const times = new TimeCodec()
const values = new ValueCodec()

/** Writes a batch by column: source, tags, times, values by tag, quality, texts, exact integers. */
export function writeBatch(writer: ByteWriter, batch: Batch): void {
  const { length, tag, quality, texts, exact } = batch
  const good = allGood(quality, length)
  writer.byte((good ? goodFlag : 0) | (texts ? textsFlag : 0) | (exact ? exactFlag : 0))
  writer.text(batch.source)
  if (texts) {
    writer.varint(texts.length)
    for (const text of texts) writer.text(text)
  }
  if (length === 0) return
  tags.write(writer, tag, length)
  chains.build(tag, length)
  times.write(writer, batch.time, length, chains, batch.arrival)
  writeValues(writer, batch)
  if (!good) writeQuality(writer, quality, length)
  if (exact) writeExact(writer, exact, length)
}

/** Reads a batch of `length` rows; its columns share one buffer. */
export function readBatch(reader: ByteReader, length: number, arrival: number): Batch {
  const flags = reader.byte()
  const source = reader.text()
  const texts = (flags & textsFlag) !== 0 ? Array.from({ length: reader.varint() }, () => reader.text()) : undefined
  const { tag, time, value, quality } = makeColumns(length)
  if (length > 0) {
    tags.read(reader, tag, length)
    chains.build(tag, length)
    times.read(reader, time, length, chains, arrival)
    readValues(reader, value)
    if ((flags & goodFlag) === 0) readQuality(reader, quality)
  }
  const exact = (flags & exactFlag) !== 0 ? readExact(reader, length) : undefined
  return { length, tag, time, value, quality, source, arrival, ...(texts && { texts }), ...(exact && { exact }) }
}

function allGood(quality: Uint8Array, length: number): boolean {
  let any = 0
  for (let i = 0; i < length; i++) any |= quality[i]
  return any === 0
}

function writeValues(writer: ByteWriter, batch: Batch): void {
  const { first, next, count } = chains
  for (let chain = 0; chain < count; chain++) {
    const column = values.column(batch.length)
    let size = 0
    for (let row = first[chain]; row >= 0; row = next[row]) column[size++] = batch.value[row]
    values.write(writer, size)
  }
}

function readValues(reader: ByteReader, value: Float64Array): void {
  const { first, next, previous, count } = chains
  for (let chain = 0; chain < count; chain++) {
    let size = 0
    for (let row = first[chain]; row >= 0; row = next[row]) previous[size++] = row
    const column = values.read(reader, size)
    for (let i = 0; i < size; i++) value[previous[i]] = column[i]
  }
}

/** Runs: the quality, then how many rows have it. */
function writeQuality(writer: ByteWriter, quality: Uint8Array, length: number): void {
  for (let from = 0; from < length;) {
    let to = from + 1
    while (to < length && quality[to] === quality[from]) to++
    writer.byte(quality[from])
    writer.varint(to - from)
    from = to
  }
}

function readQuality(reader: ByteReader, quality: Uint8Array): void {
  for (let from = 0; from < quality.length;) {
    const code = reader.byte()
    const to = from + reader.varint()
    quality.fill(code, from, to)
    from = to
  }
}

/** Only the rows that are not 0n: how far from the one before, and the 64 bits. */
function writeExact(writer: ByteWriter, exact: BigInt64Array, length: number): void {
  let last = -1
  for (let row = 0; row < length; row++) {
    if (exact[row] === 0n) continue
    writer.varint(row - last)
    writer.reserve(8)
    writer.view.setBigInt64(writer.length, exact[row], true)
    writer.length += 8
    last = row
  }
  writer.varint(0)
}

function readExact(reader: ByteReader, length: number): BigInt64Array {
  const exact = new BigInt64Array(length)
  let row = -1
  for (let step = reader.varint(); step > 0; step = reader.varint()) {
    row += step
    exact[row] = reader.view.getBigInt64(reader.position, true)
    reader.position += 8
  }
  return exact
}
