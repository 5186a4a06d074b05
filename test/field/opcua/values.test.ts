import assert from 'node:assert/strict'
import { DataType, DataValue, StatusCodes, Variant, VariantArrayType } from 'node-opcua-client'
import { TagTable, qualityNames } from '../../../agent/core/index.ts'
import { makeInventory } from '../../../connectors/opcua/items.ts'
import { ValueReader } from '../../../connectors/opcua/reader.ts'
import { settings } from '../../../connectors/opcua/settings.ts'
import { type Sent, type ValueCase, arrival, values } from './values.ts'

const metrics = { count: () => undefined, gauge: () => undefined, observe: () => undefined }

function dataValue(sent: Exclude<Sent, { loss: true }>): DataValue {
  const isArray = Array.isArray(sent.value) && !/Int64/.test(sent.dataType)
  return new DataValue({
    value: new Variant({
      dataType: DataType[sent.dataType as keyof typeof DataType],
      arrayType: isArray ? VariantArrayType.Array : VariantArrayType.Scalar,
      value: sent.value,
    }),
    statusCode: sent.status ?? StatusCodes.Good,
    sourceTimestamp: new Date(arrival + sent.at),
  })
}

/** What the values of a case become; each is received 10 ms after the one before, the loss at its own time. */
function read({ tag, sent }: ValueCase) {
  const tags = new TagTable()
  const config = { endpoint: 'opc.tcp://plc:4840', tags: [{ node: 'ns=2;s=A', tag: 'line/a', ...tag }] }
  const [item] = makeInventory(settings.parse(config)).items
  const reader = new ValueReader('plc', tags, metrics, 8)
  let now = arrival
  for (const one of sent) {
    if ('loss' in one) reader.addLoss([item], (now = arrival + one.at))
    else reader.add(item, dataValue(one), now)
    now += 10
  }
  const { batch, rejected = [] } = reader.take(now)!
  const samples = Array.from({ length: batch.length }, (_, row) => {
    const { name, type } = tags.at(batch.tag[row])
    const raw = batch.exact?.[row] || batch.value[row]
    const value = type === 'text' ? batch.texts![batch.value[row]] : raw
    const isNone = Number.isNaN(value) || (value === '' && batch.quality[row] === 2)
    return [name, isNone ? null : value, batch.time[row] - arrival, qualityNames[batch.quality[row]]]
  })
  return { samples, letters: rejected.map(({ reason }) => reason) }
}

describe('field/opcua values', () => {
  for (const one of values)
    it(`${one.name} (${one.source})`, () => {
      assert.deepEqual(read(one), { samples: one.samples, letters: one.letters ?? [] })
    })
})
