import assert from 'node:assert/strict'
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import {
  BatchBuilder,
  DeliveryError,
  Quality,
  TagTable,
  silentMetrics,
  type AlarmEvent,
  type ConnectorContext,
  type Entry,
  type Prediction,
} from '../../../agent/core/index.ts'
import { csv, headers, predictionRow } from '../../../connectors/csv/index.ts'

const prediction: Prediction = {
  time: Date.UTC(2024, 0, 1, 0, 0, 1),
  asset: 'line3/pump7',
  monitor: 'pump-health',
  kind: 'anomaly',
  score: 0.1 + 0.2,
  threshold: 12,
  state: 'normal',
  coverage: 1,
  revision: 1,
  model: 'v1',
  contributions: { temperature: 0.5, vibration: 3 },
}
const entry = (offset: number, change: Partial<Prediction> = {}): Entry => ({
  kind: 'predictions',
  predictions: [{ ...prediction, revision: offset, ...change }],
  origin: 0,
  offset,
})
const signal = new AbortController().signal

describe('csv: writing', () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'csv-write-'))
    path = join(folder, 'out', 'predictions.csv')
  })
  afterEach(() => rm(folder, { recursive: true }))

  function sink(settings: object = {}, tags = new TagTable()) {
    const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
    const context: ConnectorContext = {
      name: 'out',
      site: 'test',
      log,
      metrics: silentMetrics,
      clock: { now: () => 0 },
      tags,
      folder: join(folder, 'state'),
      report: () => undefined,
    }
    return csv.sink!(csv.config.parse({ write: path, ...settings }), context)!
  }

  const revisions = async () =>
    parse<{ revision: string }>(await readFile(path), { columns: true }).map((row) => row.revision)

  it('writes predictions in the documented columns', async () => {
    const out = sink()
    assert.deepEqual(
      await out.write(
        [
          entry(1),
          entry(2, { score: NaN, threshold: NaN, state: 'learning', model: '' }),
          entry(3, { kind: 'rul', state: 'failing', value: 7.5, lower: 1, upper: 9 }),
          entry(4, { kind: 'fault', state: 'fault', label: 'bearing', probability: 0.9 }),
        ],
        signal,
      ),
      [],
    )
    await out.close()
    assert.equal(
      await readFile(path, 'utf8'),
      'time,asset,monitor,kind,score,threshold,state,coverage,revision,model,contributions,value,lower,upper,label,probability\n' +
        '2024-01-01T00:00:01.000Z,line3/pump7,pump-health,anomaly,0.30000000000000004,12,normal,1,1,v1,vibration=3;temperature=0.5,,,,,\n' +
        '2024-01-01T00:00:01.000Z,line3/pump7,pump-health,anomaly,,,learning,1,2,,vibration=3;temperature=0.5,,,,,\n' +
        '2024-01-01T00:00:01.000Z,line3/pump7,pump-health,rul,0.30000000000000004,12,failing,1,3,v1,vibration=3;temperature=0.5,7.5,1,9,,\n' +
        '2024-01-01T00:00:01.000Z,line3/pump7,pump-health,fault,0.30000000000000004,12,fault,1,4,v1,vibration=3;temperature=0.5,,,,bearing,0.9\n',
    )
  })

  it('quotes what needs it, and keeps roles apart', () => {
    const row = predictionRow({ ...prediction, asset: 'a,"b"\nc', contributions: { 'x=1;%': 2, '3': NaN } })
    const [cells] = parse(row)
    assert.equal(cells.length, headers.predictions.split(',').length)
    assert.equal(cells[1], 'a,"b"\nc')
    assert.equal(
      cells[10].split(';').find((pair) => pair.startsWith('x')),
      'x%3D1%3B%25=2',
    )
  })

  it('goes on in the same file after a restart', async () => {
    const first = sink()
    await first.write([entry(1)], signal)
    await first.close()
    const second = sink()
    await second.write([entry(2)], signal)
    await second.write([entry(3)], signal)
    await second.close()
    assert.deepEqual(await revisions(), ['1', '2', '3'])
  })

  it('does not write again what it is given again', async () => {
    const first = sink()
    await first.write([entry(1), entry(2)], signal)
    await first.write([entry(2), entry(3)], signal)
    await first.close()
    const second = sink()
    await second.write([entry(1), entry(2), entry(3), entry(4)], signal)
    await second.close()
    assert.deepEqual(await revisions(), ['1', '2', '3', '4'])
  })

  it('cuts off what a crash left behind the last finished write', async () => {
    const first = sink()
    await first.write([entry(1)], signal)
    await first.close()
    await appendFile(path, `${predictionRow(prediction)}\n2024-01-01T00:0`)
    const second = sink()
    await second.write([entry(2)], signal)
    await second.close()
    assert.deepEqual(await revisions(), ['1', '2'])
  })

  it('completes a file that it has no record of, from its last whole line on', async () => {
    await mkdir(join(folder, 'out'))
    await writeFile(path, `${headers.predictions}\n${predictionRow(prediction)}\n2024-01-01T00:0`)
    const out = sink()
    await out.write([entry(2)], signal)
    await out.close()
    assert.deepEqual(await revisions(), ['1', '2'])
  })

  it('begins anew where the file was taken away', async () => {
    const out = sink()
    await out.write([entry(1)], signal)
    await out.close()
    await rm(path)
    const again = sink()
    await again.write([entry(1), entry(2)], signal)
    await again.close()
    assert.deepEqual(await revisions(), ['2'])
  })

  it('leaves a file alone that holds something else', async () => {
    await mkdir(join(folder, 'out'))
    await writeFile(path, 'my,own\n1,2')
    await assert.rejects(sink().write([entry(1)], signal), (error) => {
      assert.ok(error instanceof DeliveryError)
      assert.equal(error.code, 'DELIVERY_DENIED')
      return true
    })
    assert.equal(await readFile(path, 'utf8'), 'my,own\n1,2')
  })

  it('says so where it cannot write, and writes once it can', async () => {
    await mkdir(path, { recursive: true })
    const out = sink()
    await assert.rejects(out.write([entry(1)], signal), (error) => {
      assert.ok(error instanceof DeliveryError)
      assert.equal(error.code, 'DELIVERY_DENIED')
      assert.ok(error.retryable && error.cause && error.remedy)
      return true
    })
    await rm(path, { recursive: true })
    await out.write([entry(1)], signal)
    await out.close()
    assert.deepEqual(await revisions(), ['1'])
  })

  it('writes samples with their types', async () => {
    const tags = new TagTable()
    for (const type of ['number', 'boolean', 'text', 'integer'] as const) tags.resolve({ name: `x/${type}`, type })
    const builder = new BatchBuilder('plc')
    builder.add(0, 1000.25, 0.1, Quality.good)
    builder.add(0, 2000, NaN, Quality.bad)
    builder.add(1, 2000, 1, Quality.uncertain)
    builder.addText(2, 2000, 'idle, cold', Quality.good)
    builder.addInteger(3, 2000, 2n ** 60n + 1n, Quality.good)
    const out = sink({ content: 'samples' }, tags)
    await out.write([{ kind: 'samples', batch: builder.take(0), offset: 0 }, entry(1)], signal)
    await out.close()
    assert.equal(
      await readFile(path, 'utf8'),
      'time,tag,value,quality,source\n' +
        '1970-01-01T00:00:01.000250Z,x/number,0.1,good,plc\n' +
        '1970-01-01T00:00:02.000Z,x/number,,bad,plc\n' +
        '1970-01-01T00:00:02.000Z,x/boolean,true,uncertain,plc\n' +
        '1970-01-01T00:00:02.000Z,x/text,"idle, cold",good,plc\n' +
        '1970-01-01T00:00:02.000Z,x/integer,1152921504606846977,good,plc\n',
    )
  })

  it('writes changes of alarms, and no other events', async () => {
    const alarm: AlarmEvent = {
      type: 'alarm',
      time: 2000,
      id: 'm/a/1000',
      asset: 'a',
      monitor: 'm',
      change: 'acknowledged',
      state: 'acknowledged',
      raised: 1000,
      score: 5,
      threshold: 4,
      contributions: { v: 5 },
      by: 'anna',
      reason: 'seen, ok',
    }
    const gap = { type: 'gap', time: 1, source: 's', from: 0, to: 1, detail: '' } as const
    const out = sink({ content: 'alarms' })
    const entries: Entry[] = [alarm, gap].map((event, offset) => ({ kind: 'event', event, arrival: 0, offset }))
    await out.write(entries, signal)
    await out.close()
    assert.equal(
      await readFile(path, 'utf8'),
      `${headers.alarms}\n` +
        '1970-01-01T00:00:02.000Z,m/a/1000,a,m,acknowledged,acknowledged,1970-01-01T00:00:01.000Z,5,4,v=5,anna,"seen, ok"\n',
    )
  })

  it('is no sink without `write`, and no source without `read`', () => {
    const context = {} as ConnectorContext
    assert.equal(csv.sink!(csv.config.parse({ read: 'x' }), context), undefined)
    assert.equal(csv.source!(csv.config.parse({ write: 'x' }), context), undefined)
  })
})
