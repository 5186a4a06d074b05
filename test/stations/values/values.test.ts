import assert from 'node:assert/strict'
import { BatchBuilder, Quality, TagTable, type FeatureBatch } from '../../../agent/core/index.ts'
import { stationConfig } from '../../../agent/settings/station.ts'
import { PartValues, type Opened } from '../../../agent/stations/values/values.ts'
import { never, Timeline } from '../../../agent/stations/values/part-timeline.ts'

/** Part values of a station, fed with rows `tag time value`; a text is a part id. */
class Bench {
  readonly opened: Opened[] = []
  readonly values: PartValues
  readonly #tags = new TagTable()

  constructor(settings: object) {
    this.values = new PartValues(stationConfig.parse(settings), this.#tags)
    this.values.opened.subscribe((part) => this.opened.push(part))
  }

  take(...rows: readonly (readonly [tag: string, time: number, value: number | string, quality?: Quality])[]): void {
    const batch = new BatchBuilder('plc')
    for (const [name, time, value, quality = Quality.good] of rows) {
      const type = typeof value === 'string' ? 'text' : 'number'
      const { index } = this.#tags.resolve({ name, type, source: 'plc' })
      if (typeof value === 'string') batch.addText(index, time, value, quality)
      else batch.add(index, time, value, quality)
    }
    this.values.take(batch.take(0))
  }

  /** What is there now. */
  now(part: string, time = 0): Promise<object> {
    return this.values.of(part, time, Promise.resolve())
  }
}

const http = { source: { type: 'http' } }
const torque = { tag: 's2/torque', part: 's2/part' }
const heat = { tag: 's4/heat', part: 's4/part' }

function windows(rows: readonly (readonly [asset: string, start: number, end: number, max: number])[]): FeatureBatch {
  const of = (at: 1 | 2) => Float64Array.from(rows, (row) => row[at])
  return {
    length: rows.length,
    names: ['force.mean', 'force.max'],
    values: Float64Array.from(rows.flatMap((row) => [0, row[3]])),
    asset: rows.map(([asset]) => asset),
    start: of(1),
    end: of(2),
    coverage: new Float64Array(rows.length).fill(1),
    revision: new Uint16Array(rows.length).fill(1),
  }
}

describe('the part before a camera', () => {
  it('is the one that the tag named last at the time of the image, whatever came when', () => {
    const bench = new Bench({ ...http, part_tag: 'cam/part' })
    bench.take(['cam/part', 20, 'B'], ['cam/part', 10, 'A'], ['cam/part', 30, ''], ['cam/part', 35, 'X', Quality.bad])
    assert.deepEqual([9, 10, 19, 20, 35].map((time) => bench.values.partAt(time)), [undefined, 'A', 'A', 'B', undefined]) // prettier-ignore
  })

  it('is not known where there is no such tag', () => {
    const bench = new Bench(http)
    bench.take(['cam/part', 10, 'A'])
    assert.equal(bench.values.partAt(11), undefined)
  })
})

describe('timeline', () => {
  const at = (time: number, order = 0) => ({ time, order })

  it('finds by time, whatever the order of arrival, and forgets the oldest', () => {
    const line = new Timeline<string>(3)
    for (const [time, item] of [[30, 'c'], [10, 'a'], [20, 'b']] as const) line.add(at(time), item) // prettier-ignore
    assert.deepEqual([9, 10, 19, 20, 99].map((time) => line.at(at(time))), [undefined, 'a', 'a', 'b', 'c']) // prettier-ignore
    const between = [line.last(at(10), at(30)), line.last(at(11), at(20)), line.first(at(11), at(31)), line.first(at(10), at(31))] // prettier-ignore
    assert.deepEqual(between, ['b', undefined, 'b', 'a'])
    assert.deepEqual([line.next(at(10)), line.next(at(30))], [at(20), never])
    line.add(at(40), 'd')
    assert.equal(line.at(at(10)), undefined)
    line.add(at(40), 'e')
    assert.equal(line.at(at(40)), 'e')
    assert.deepEqual([line.last(at(30), at(40)), line.last(at(30), at(40, 1))], ['c', 'e'])
  })
})

describe('measured values of parts', () => {
  it('belong to the part that was there at their time, whatever the order in which they come', async () => {
    const bench = new Bench({ ...http, values: { torque } })
    bench.take(['s2/torque', 15, 1], ['s2/torque', 25, 2])
    assert.deepEqual(await bench.now('A'), {})
    bench.take(['s2/part', 20, 'B'], ['s2/part', 10, 'A'])
    assert.deepEqual([await bench.now('A'), await bench.now('B')], [{ torque: 1 }, { torque: 2 }])
    bench.take(['s2/torque', 12, 3], ['s2/torque', 19, 4])
    assert.deepEqual(await bench.now('A'), { torque: 4 })
  })

  it('belong to the part that came before them where all have the same time', async () => {
    const bench = new Bench({ ...http, values: { torque } })
    bench.take(['s2/part', 10, 'A'], ['s2/torque', 10, 1], ['s2/part', 10, 'B'], ['s2/torque', 10, 2])
    assert.deepEqual([await bench.now('A'), await bench.now('B')], [{ torque: 1 }, { torque: 2 }])
  })

  it('are joined from several places, and no longer those of a part once it has left', async () => {
    const bench = new Bench({ ...http, values: { torque, heat } })
    bench.take(['s2/part', 10, 'A'], ['s2/torque', 11, 1], ['s2/part', 12, ''], ['s2/torque', 13, 99])
    bench.take(['s4/part', 20, 'A'], ['s4/heat', 21, 7])
    assert.deepEqual(await bench.now('A'), { torque: 1, heat: 7 })
  })

  it('are those of the newest stay of a part that comes again', async () => {
    const bench = new Bench({ ...http, values: { torque } })
    bench.take(['s2/part', 10, 'A'], ['s2/torque', 11, 1], ['s2/part', 20, 'B'], ['s2/part', 30, 'A'])
    assert.deepEqual(await bench.now('A'), {})
    bench.take(['s2/torque', 31, 2])
    assert.deepEqual(await bench.now('A'), { torque: 2 })
  })

  it('leave out what is bad or no number', async () => {
    const bench = new Bench({ ...http, values: { torque } })
    bench.take(['s2/part', 10, 'A'], ['s2/torque', 11, 1], ['s2/torque', 12, 5, Quality.bad], ['s2/torque', 13, NaN])
    assert.deepEqual(await bench.now('A'), { torque: 1 })
  })

  it('without a tag of the part are the newest at the time of the part', async () => {
    const bench = new Bench({ ...http, values: { air: { tag: 'hall/air' } } })
    bench.take(['hall/air', 10, 20], ['hall/air', 20, 21])
    assert.deepEqual([await bench.now('A', 15), await bench.now('B', 20), await bench.now('C', 5)], [{ air: 20 }, { air: 21 }, {}]) // prettier-ignore
  })

  it('are told as soon as all are there', async () => {
    const bench = new Bench({ ...http, values: { torque, heat } })
    bench.take(['s2/part', 10, 'A'], ['s2/torque', 11, 1])
    const found = bench.values.of('A', 0, new Promise(() => undefined))
    bench.take(['s4/part', 20, 'A'], ['s4/heat', 21, 7])
    assert.deepEqual(await found, { torque: 1, heat: 7 })
  })

  it('forget the oldest parts, however many come', async () => {
    const bench = new Bench({ ...http, values: { torque } })
    for (let i = 0; i < 5000; i++) bench.take(['s2/part', i * 2, `P${i}`], ['s2/torque', i * 2 + 1, i])
    assert.deepEqual([await bench.now('P0'), await bench.now('P4999')], [{}, { torque: 4999 }])
  })

  describe('of a station without images', () => {
    it('open a part when a tag names it for the first time, and again when it comes back', () => {
      const bench = new Bench({ values: { torque } })
      bench.take(['s2/part', 10, 'A'], ['s2/part', 11, 'A'], ['s2/part', 20, 'B'], ['s2/part', 30, 'A'], ['s2/part', 40, '']) // prettier-ignore
      assert.deepEqual(bench.opened, [{ part: 'A', time: 10 }, { part: 'B', time: 20 }, { part: 'A', time: 30 }]) // prettier-ignore
    })

    it('are a part by their time where no tag names one', async () => {
      const bench = new Bench({ values: { torque: { tag: 't' }, heat: { tag: 'h' } }, timeout: '1s' })
      bench.take(['t', 0, 1], ['h', 10, 2], ['h', 100, 3], ['t', 110, 4], ['t', 200, 5], ['t', 300, 6], ['h', 5000, 7])
      const ids = bench.opened.map(({ part }) => part)
      assert.deepEqual(bench.opened.map(({ time }) => time), [0, 100, 200, 300, 5000]) // prettier-ignore
      assert.equal(ids[1], '1970-01-01T00:00:00.100Z')
      const found = await Promise.all(bench.opened.map(({ part, time }) => bench.now(part, time)))
      assert.deepEqual(found, [
        { torque: 1, heat: 2 },
        { heat: 3, torque: 4 },
        { torque: 5 },
        { torque: 6 },
        { heat: 7 },
      ])
    })

    it('are not configured without anything to judge', () => {
      assert.ok(stationConfig.safeParse({}).success, 'a station for train and inspect alone')
      assert.match(String(stationConfig.safeParse({ part_tag: 'part' }).error), /there are no images/)
      assert.match(String(stationConfig.safeParse({ values: { torque }, measured: { image: true } }).error), /there are no images/) // prettier-ignore
    })
  })

  describe('with windows of a monitor', () => {
    const stroke = { monitor: 'press', features: ['force.max'], part: 's1/part' }

    it('take the first that began while the part was there, of the asset that is meant', async () => {
      const bench = new Bench({ ...http, windows: { stroke: { ...stroke, asset: 'press1' } } })
      bench.take(['s1/part', 100, 'A'], ['s1/part', 200, 'B'])
      const rows = [['press1', 90, 120, 1], ['press1', 120, 150, 2], ['press2', 110, 130, 9], ['press1', 160, 240, 3]] as const // prettier-ignore
      bench.values.takeWindows('other', windows([['press1', 101, 102, 8]]))
      bench.values.takeWindows('press', windows(rows))
      assert.deepEqual([await bench.now('A'), await bench.now('B')], [{ 'stroke.force.max': 2 }, {}])
      bench.values.takeWindows('press', windows([['press1', 210, 260, 4]]))
      assert.deepEqual(await bench.now('B'), { 'stroke.force.max': 4 })
    })

    it('take a revision in place of the window that it revises', async () => {
      const bench = new Bench({ ...http, windows: { stroke } })
      bench.take(['s1/part', 100, 'A'])
      bench.values.takeWindows('press', windows([['p', 110, 120, 1]]))
      bench.values.takeWindows('press', windows([['p', 110, 120, 2]]))
      assert.deepEqual(await bench.now('A'), { 'stroke.force.max': 2 })
    })

    it('without a tag of the part take the one that was open at its time', async () => {
      const bench = new Bench({ ...http, windows: { stroke: { monitor: 'press', features: ['force.max'] } } })
      bench.values.takeWindows('press', windows([['p', 100, 150, 1], ['p', 150, 200, 2]])) // prettier-ignore
      assert.deepEqual([await bench.now('A', 149), await bench.now('B', 160), await bench.now('C', 201)], [{ 'stroke.force.max': 1 }, { 'stroke.force.max': 2 }, {}]) // prettier-ignore
    })

    it('leave out features without a value, so that they are missed', async () => {
      const bench = new Bench({ ...http, windows: { stroke: { ...stroke, features: ['force.max', 'speed.max'] } } })
      bench.take(['s1/part', 100, 'A'])
      bench.values.takeWindows('press', windows([['p', 110, 120, NaN]]))
      assert.deepEqual(await bench.now('A'), {})
      assert.deepEqual(bench.values.names, ['stroke.force.max', 'stroke.speed.max'])
    })
  })
})
