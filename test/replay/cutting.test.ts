import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { parseConfig } from '../../config/index.ts'
import { csv, readCsv } from '../../connectors/csv/index.ts'
import { type Arrival, type JournalRecord, TagTable, sliceRows } from '../../agent/core/index.ts'
import { replay } from '../../agent/replay/index.ts'
import { schema } from '../../agent/settings/index.ts'

const begin = Date.UTC(2024, 2, 5, 10)

/** A row in ten is late, one in twenty comes after a gap, and each machine is silent for a while. */
interface Plant {
  readonly seed: number
  readonly rows: number
  readonly step: number
  readonly window: number
  readonly every: number
  readonly lateness: number
  readonly idle: number
}

const plants: fc.Arbitrary<Plant> = fc.record({
  seed: fc.nat(1_000_000),
  rows: fc.integer({ min: 50, max: 400 }),
  step: fc.constantFrom(20, 250, 1000),
  window: fc.constantFrom(1000, 4000, 10_000),
  every: fc.constantFrom(1, 2, 4),
  lateness: fc.constantFrom(0, 500, 3000),
  idle: fc.constantFrom(500, 2000, 20_000),
})

function linesOf({ seed, rows, step }: Plant): string[] {
  let state = seed + 1
  const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
  let time = begin
  return Array.from({ length: rows }, (_, at) => {
    time += random() < 0.05 ? step * 40 : step
    const own = random() < 0.1 ? time - Math.floor(random() * step * 6) : time
    const machine = Math.floor(at / 60) % 3 === 0 ? 'p1' : random() < 0.5 ? 'p1' : 'p2'
    const state = random() < 0.04 ? 'worn' : ''
    return `${new Date(own).toISOString()},${machine},${(20 + random()).toFixed(3)},${(5 + random()).toFixed(3)},${state}`
  })
}

const config = ({ window, every, lateness, idle }: Plant, again: string) =>
  parseConfig(
    `
clean: [deduplicate]
assets: { pump: { tags: "line/{asset}/{role}" } }
monitors:
  health: { assets: pump, window: ${window}ms, every: ${window / every}ms, lateness: ${lateness}ms, idle: ${idle}ms, learn: { after: ${window * 8}ms, ${again} } }
`,
    { schema, env: {} },
  )

/** What the pipeline concludes, in the order in which it was said; versions of models carry a hash of their own. */
async function conclusions(
  plant: Plant,
  arrivals: readonly Arrival[],
  tags: TagTable,
  again = 'retrain: never',
): Promise<string[]> {
  const predictions: string[] = []
  const events: string[] = []
  const results = (records: readonly JournalRecord[]) => {
    for (const record of records) {
      if (record.kind === 'predictions') predictions.push(...record.predictions.map((one) => JSON.stringify(one)))
      else if (record.kind === 'event') events.push(JSON.stringify(record.event))
    }
  }
  await replay({ config: config(plant, again), tags, arrivals, results })
  return [...predictions, ...events].map((line) => line.replace(/"(model|version)":"[^"]*"/g, ''))
}

describe('replay of a file', () => {
  let folder: string
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'millwright-cutting-'))))
  after(() => rm(folder, { recursive: true }))

  async function read(plant: Plant, tags: TagTable): Promise<Arrival[]> {
    const path = join(folder, 'data.csv')
    await writeFile(path, ['time,machine,heat,flow,state', ...linesOf(plant)].join('\n'))
    return readAll(path, tags)
  }

  async function readAll(read: string | string[], tags: TagTable): Promise<Arrival[]> {
    const labels = { state: { label: 'fault', asset: 'line/{asset}' } }
    const settings = csv.config.parse({ read, asset: 'machine', tag: 'line/{asset}/{column}', labels })
    const arrivals: Arrival[] = []
    for await (const arrival of readCsv(settings, tags, 'file')) arrivals.push(arrival)
    return arrivals
  }

  /** The same rows in batches that end anywhere; labels stay where they are. */
  function cut(arrivals: readonly Arrival[], lengths: readonly number[]): Arrival[] {
    let at = 0
    return arrivals.flatMap(({ batch, events }) => {
      const pieces: Arrival[] = []
      for (let from = 0; from < batch.length;) {
        const to = Math.min(batch.length, from + lengths[at++ % lengths.length])
        pieces.push({ batch: sliceRows(batch, from, to) })
        from = to
      }
      return events ? [...pieces, { batch: sliceRows(batch, 0, 0), events }] : pieces
    })
  }

  /** Each value when it is measured: an arrival of its own, at the newest time so far. */
  function live(arrivals: readonly Arrival[]): Arrival[] {
    let newest = -Infinity
    return cut(arrivals, [1]).map(({ batch, ...rest }) => {
      if (batch.length > 0) newest = Math.max(newest, batch.time[0])
      return { batch: { ...batch, arrival: newest, paced: false }, ...rest }
    })
  }

  it('equals the live run, however it is cut into batches', async () => {
    await fc.assert(
      fc.asyncProperty(plants, fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }), async (plant, lengths) => {
        const tags = new TagTable()
        const arrivals = await read(plant, tags)
        const whole = await conclusions(plant, arrivals, tags)
        assert.ok(whole.length > 0)
        assert.deepEqual(await conclusions(plant, cut(arrivals, lengths), tags), whole)
        // Between machines live results come in the order of a batch; what is said is the same.
        assert.deepEqual((await conclusions(plant, live(arrivals), tags)).sort(), [...whole].sort())
      }),
      { numRuns: 40 },
    )
  }).timeout(120_000)

  it('learns, tries and promotes at the same rows, however it is cut into batches', async () => {
    const again = 'retrain: "* * * * *", drift: false, at_most: 40s, shadow: 20s, margin: 0'
    let decided = 0
    await fc.assert(
      fc.asyncProperty(
        fc.nat(1_000_000),
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
        async (seed, lengths) => {
          const plant = { seed, rows: 700, step: 250, window: 1000, every: 1, lateness: 500, idle: 20_000 }
          const tags = new TagTable()
          const arrivals = await read(plant, tags)
          const whole = await conclusions(plant, arrivals, tags, again)
          assert.deepEqual(await conclusions(plant, cut(arrivals, lengths), tags, again), whole)
          decided += whole.filter(
            (line) => /"step":"(refused|retired)"/.test(line) || /better by more/.test(line),
          ).length
        },
      ),
      { numRuns: 8 },
    )
    assert.ok(decided > 8, `${decided} trials`)
  }).timeout(120_000)

  it('hands over the labels of a file of their own at their time, between the samples of another', async () => {
    const plant = { seed: 7, rows: 400, step: 250, window: 1000, every: 1, lateness: 0, idle: 500 }
    const lines = linesOf({ ...plant, rows: 400 }).map((line) => line.split(','))
    lines.sort(([a], [b]) => (a < b ? -1 : 1))
    const [values, labels] = [join(folder, 'values.csv'), join(folder, 'labels.csv')]
    await writeFile(
      values,
      ['time,machine,heat,flow,state', ...lines.map((cells) => `${cells.slice(0, 4).join(',')},`)].join('\n'),
    )
    const said = lines.filter((_, row) => row % 40 === 25)
    await writeFile(labels, ['time,machine,state', ...said.map(([time, machine]) => `${time},${machine},worn`)].join('\n')) // prettier-ignore
    const tags = new TagTable()
    let newest = -Infinity
    const late: number[] = []
    for (const { batch, events = [] } of await readAll([values, labels], tags)) {
      for (const time of batch.time) newest = Math.max(newest, time)
      late.push(...events.map(({ time }) => newest - time))
    }
    assert.equal(late.length, said.length)
    assert.deepEqual(new Set(late), new Set([0]))
  })

  it('hands over labels between the samples around them', async () => {
    const plant = { seed: 7, rows: 400, step: 250, window: 1000, every: 1, lateness: 0, idle: 500 }
    let labels = 0
    for (const { batch, events = [] } of await read(plant, new TagTable())) {
      for (const event of events) {
        labels++
        assert.equal(event.time, batch.time.at(-1))
      }
    }
    assert.ok(labels > 5)
  })
})
