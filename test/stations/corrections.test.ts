import assert from 'node:assert/strict'
import { mkdtemp, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { labelMessage } from '../../agent/core/index.ts'
import { mapExists, mapFile, writeMap } from '../../agent/stations/images/map-file.ts'
import { ImageStore } from '../../agent/stations/images/image-store.ts'
import { verdictRule } from '../../agent/settings/station.ts'
import { lessonOf } from '../../agent/stations/life/lesson.ts'
import { JudgedParts } from '../../agent/stations/judged-parts.ts'
import { classMeant } from '../../agent/stations/rule.ts'
import { png } from '../models/inspection/pictures.ts'

describe('a label of a part', () => {
  const message = { type: 'verdict', station: 'press', part: 'P1', class: 'scratch', by: 'Mei' }

  it('has a station, a part, a class and who says it; a time where an older verdict is meant', () => {
    assert.deepEqual(labelMessage.parse(message), message)
    assert.equal((labelMessage.parse({ ...message, time: '2026-01-05T10:00:00Z' }) as { time: number }).time, Date.UTC(2026, 0, 5, 10)) // prettier-ignore
  })

  for (const key of ['station', 'part', 'class', 'by']) {
    it(`needs ${key}`, () => assert.throws(() => labelMessage.parse({ ...message, [key]: '' }), new RegExp(key)))
  }
})

describe('the class that is meant', () => {
  const classes = ['dent', 'ok', 'scratch']
  const rows: [string, readonly string[], object, string | undefined][] = [
    ['scratch', classes, {}, 'scratch'],
    ['good', classes, {}, 'ok'],
    ['pass', ['a', 'b'], { fails: ['b'] }, 'a'],
    ['fail', ['a', 'b'], { fails: ['b'] }, 'b'],
    ['fail', classes, {}, undefined],
    ['rust', classes, {}, undefined],
    ['pass', ['good', 'defect'], {}, 'good'],
    ['fail', ['good', 'defect'], {}, 'defect'],
    ['defect', ['good', 'defect'], { fails: ['other'] }, 'defect'],
    ['whatever', [], {}, 'whatever'],
    ['pass', [], {}, 'good'],
    ['fail', [], {}, 'defect'],
  ]
  for (const [word, known, rule, meant] of rows) {
    it(`by ${word} of ${known.join(', ') || 'none'} is ${meant ?? 'not clear'}`, () => {
      const result = classMeant(word, known, verdictRule.parse(rule))
      if (meant === undefined) assert.match('why' in result ? result.why : '', /there are: /)
      else assert.deepEqual(result, { class: meant })
    })
  }
})

describe('images of parts on disk', () => {
  let folder: string
  let image: Uint8Array
  before(async () => (image = await png(new Uint8Array(64).fill(9), 8)))
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'millwright-images-'))))
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('are found by part, the newest or that of a time', async () => {
    const store = new ImageStore(folder, { size: 1e6 })
    for (const time of [1000, 5000]) await store.store(image, 'good', 'line/1', time)
    await store.store(image, 'good', '1', 9000)
    assert.equal((await store.find('line/1'))?.time, 5000)
    assert.equal((await store.find('line/1', 1400))?.time, 1000)
    assert.equal(await store.find('line/1', 3000), undefined)
    assert.equal(await store.find('line'), undefined)
  })

  it('tell long part ids apart', async () => {
    const store = new ImageStore(folder, { size: 1e6 })
    const [one, other] = ['1', '2'].map((end) => 'x'.repeat(200) + end)
    await store.store(image, 'good', one, 1000)
    assert.equal(await store.find(other), undefined)
    assert.equal((await store.find(one))?.time, 1000)
  })

  it('are in one group only once somebody changed their mind', async () => {
    const store = new ImageStore(folder, { size: 1e6 })
    await store.store(image, 'good', 'A', 1000)
    await store.removeElsewhere(await store.store(image, '../dent', 'A', 1000), '../dent')
    const groups = [...(await store.list())].map(([group, images]) => [group, images.length])
    assert.deepEqual(groups, [['../dent', 1]])
    assert.match(relative(folder, (await store.find('A'))!.path), /^%2E\.%2Fdent\//)
  })

  it('go when they are too old or too many, those stored first first', async () => {
    const first = await new ImageStore(folder, { size: 1e6 }).store(image, 'good', 'A', 1000)
    await utimes(first, 1, 1)
    const second = await new ImageStore(folder, { size: 1e6 }).store(image, 'good', 'B', 1000)
    await utimes(second, 2e9, 2e9)
    await new ImageStore(folder, { size: 1e6, age: 60_000 }).store(image, 'good', 'C', 1000)
    const parts = async () => [...(await new ImageStore(folder, { size: 1e6 }).list())].flatMap(([, images]) => images.map(({ path }) => path.slice(-5, -4))).sort() // prettier-ignore
    assert.deepEqual(await parts(), ['B', 'C'])
    const small = new ImageStore(folder, { size: 2.5 * image.length })
    await small.store(image, 'good', 'D', 1000)
    assert.equal((await parts()).length, 2)
  })

  it('take the maps beside them along, which are no images', async () => {
    const path = await new ImageStore(folder, { size: 1e6 }).store(image, 'fail', 'A', 1000)
    await writeMap(path, { map: { width: 1, height: 1, values: Float32Array.of(2) }, region: undefined }, 1)
    const store = new ImageStore(folder, { size: 1e6, age: 60_000 })
    assert.deepEqual([...(await store.list()).values()].map((images) => images.length), [1]) // prettier-ignore
    await utimes(path, 1, 1)
    await store.store(image, 'fail', 'B', 2000)
    assert.deepEqual([await store.find('A'), await mapExists(path)], [undefined, false])
  })

  it('leave no map behind whose image was never stored', async () => {
    const path = join(folder, 'fail', 'gone.png')
    await writeMap(path, { map: { width: 1, height: 1, values: Float32Array.of(2) }, region: undefined }, 1)
    await utimes(mapFile(path), 1, 1)
    await new ImageStore(folder, { size: 1e6, age: 60_000 }).store(image, 'fail', 'B', 2000)
    assert.equal(await mapExists(path), false)
  })
})

describe('parts that were judged', () => {
  it('are remembered with their images as far as memory goes', () => {
    const parts = new JudgedParts(250)
    for (let i = 0; i < 4; i++) parts.add(`P${i}`, i, new Uint8Array(100))
    assert.deepEqual([0, 1, 2, 3].map((i) => parts.find(`P${i}`)?.image?.length), [undefined, undefined, 100, 100]) // prettier-ignore
    assert.equal(parts.find('P0')?.time, 0)
  })

  it('are the newest of their id, or that of a time', () => {
    const parts = new JudgedParts(1e6)
    parts.add('A', 1_000, Uint8Array.of(1))
    parts.add('A', 60_000, Uint8Array.of(2))
    assert.deepEqual([parts.find('A')?.time, parts.find('A', 900)?.time, parts.find('A', 30_000)], [60_000, 1_000, undefined]) // prettier-ignore
  })

  it('are bounded in number, and the bytes of what is forgotten are free again', () => {
    const parts = new JudgedParts(1e9)
    for (let i = 0; i < 25_000; i++) parts.add(`P${i}`, i, new Uint8Array(1))
    assert.equal(parts.has('P14000'), false)
    assert.equal(parts.has('P24999'), true)
    const tight = new JudgedParts(20)
    for (let i = 0; i < 25_000; i++) tight.add(`P${i}`, i, new Uint8Array(1))
    const held = Array.from({ length: 25_000 }, (_, i) => tight.find(`P${i}`)?.image?.length ?? 0)
    assert.equal(held.reduce((sum, bytes) => sum + bytes, 0), 20) // prettier-ignore
  })
})

describe('what a station learns from', () => {
  const images = (label: string, count: number) => Array.from({ length: count }, () => ({ label }))
  const count = (list: readonly { label: string }[]) =>
    list.reduce<Record<string, number>>((sum, { label }) => ({ ...sum, [label]: (sum[label] ?? 0) + 1 }), {})
  const all = ['classifier', 'textures', 'patches', 'segmentation'] as const
  const rows: [string, { label: string }[], { label: string }[], object, object, string[]][] = [
    ['a folder of classes and more of them', [...images('a', 9), ...images('b', 9)], images('a', 2), { a: 11, b: 9 }, {}, []], // prettier-ignore
    ['a class that operators named often enough', [...images('a', 9), ...images('b', 9)], images('c', 5), { a: 9, b: 9, c: 5 }, {}, []], // prettier-ignore
    ['no class that they named rarely', [...images('a', 9), ...images('b', 9)], images('c', 4), { a: 9, b: 9 }, {}, ['c']], // prettier-ignore
    ['good parts of a folder; defective ones only judge', images('good', 30), [...images('good', 2), ...images('defect', 9)], { good: 32 }, { defect: 9 }, []], // prettier-ignore
    ['good parts by another name', images('ok', 30), images('good', 2), { ok: 32 }, {}, []],
    ['good parts alone where few defective ones were named', [], [...images('good', 30), ...images('defect', 19)], { good: 30 }, { defect: 19 }, []], // prettier-ignore
    ['both where enough were', [], [...images('good', 30), ...images('defect', 20)], { good: 30, defect: 20 }, {}, []],
    ['classes that operators named', [], [...images('good', 9), ...images('dent', 9)], { good: 9, dent: 9 }, {}, []],
  ]
  for (const [what, folder, labelled, learned, defects, left] of rows) {
    it(`is ${what}`, () => {
      const lesson = lessonOf(folder, labelled, all)
      assert.deepEqual([count(lesson.images), count(lesson.defects), lesson.left], [learned, defects, left])
    })
  }

  it('is good parts only where no method tells classes', () => {
    const lesson = lessonOf([...images('good', 30), ...images('dent', 9)], [], ['patches'])
    assert.deepEqual([count(lesson.images), count(lesson.defects)], [{ good: 30 }, { dent: 9 }])
  })
})
