import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { soundClass } from '../../agent/core/index.ts'
import type { MeasuredPart } from '../../models/inspection/measured-inspector.ts'
import { screwedParts } from '../models/inspection/parts.ts'
import { millwright } from './millwright.ts'

/** A table of parts, as a PLC's export may look: with columns that nobody asked for. */
function table(parts: readonly MeasuredPart[], labels: boolean): string {
  const rows = parts.map(({ values: { torque, depth, heat }, class: name }, at) => {
    const label = name === soundClass ? 'ok' : name
    return [`P${at}`, 'shift 2', heat, torque, depth, ...(labels ? [label] : [])].join(',')
  })
  return [`part,operator,heat,torque,depth${labels ? ',label' : ''}`, ...rows].join('\n')
}

const plant = (model: string) => `
site: test
inspections:
  screw:
    values: { torque: { tag: t, part: p }, depth: { tag: d, part: p }, heat: { tag: h, part: p, max: 95 } }
    measured: { model: ${model} }
  camera: { source: { type: http } }
`

describe('millwright with tables of parts', function () {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millwright-cli-parts-'))
    writeFileSync(join(folder, 'plant.yaml'), plant('anomaly'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const run = (...words: string[]) => millwright(folder, ...words)
  const train = (...words: string[]) => run('train', '-c', 'plant.yaml', '--monitor', 'screw', ...words)

  it('trains a station from one, and judges another by it', async () => {
    writeFileSync(join(folder, 'good.csv'), table(screwedParts(300, 1), false))
    const trained = await train('--data', 'good.csv', '--json')
    assert.equal(trained.status, 0, trained.stderr)
    const { version, parts } = JSON.parse(trained.stdout) as { version: string; parts: number }
    assert.equal(parts, 300)
    const judged = [...screwedParts(50, 2), ...screwedParts(50, 3, 'stripped'), ...screwedParts(1, 4).map((part) => ({ ...part, values: { ...part.values, heat: 99 } }))] // prettier-ignore
    writeFileSync(join(folder, 'parts.csv'), `${table(judged, false)}\nP101,,80,,10`)
    const inspected = await run('inspect', '-c', 'plant.yaml', '--station', 'screw', '--data', 'parts.csv', '--out', 'verdicts.csv') // prettier-ignore
    assert.equal(inspected.status, 0, inspected.stderr)
    const [head, ...rows] = readFileSync(join(folder, 'verdicts.csv'), 'utf8').trim().split('\n')
    assert.equal(head, 'file,part,label,score,threshold,verdict,model,ms,reason,contribution_torque,contribution_depth,contribution_heat') // prettier-ignore
    assert.equal(rows.length, 102)
    const verdicts = rows.map((row) => row.split(',')[5])
    const fails = (from: number, to: number) => verdicts.slice(from, to).filter((verdict) => verdict === 'fail').length
    assert.ok(fails(0, 50) <= 3 && fails(50, 100) >= 48, `${fails(0, 50)} and ${fails(50, 100)} of 50 fail`)
    assert.match(rows[50], new RegExp(`^parts.csv,P50,defect,.*,fail,${version},`))
    assert.match(rows[100], /heat 99 is outside/)
    assert.match(rows[101], /,incomplete,.*no torque/)
  })

  it('trains trees from one with labels', async () => {
    writeFileSync(join(folder, 'plant.yaml'), plant('fault'))
    writeFileSync(join(folder, 'parts.csv'), table([...screwedParts(150, 1), ...screwedParts(50, 2, 'hot')], true))
    const trained = await train('--data', 'parts.csv')
    assert.equal(trained.status, 0, trained.stderr)
    assert.match(trained.stdout, /screw.values: model \S+ of torque, depth, heat from 200 parts/)
  })

  it('says what is wrong with one', async () => {
    writeFileSync(join(folder, 'few.csv'), table(screwedParts(10, 1), false))
    writeFileSync(join(folder, 'short.csv'), 'part,torque\nA,3')
    writeFileSync(join(folder, 'empty.csv'), 'part,torque,depth,heat\n')
    for (const [file, words] of [
      ['few.csv', /station screw has 10 good parts to learn from, and needs 50/],
      ['short.csv', /short.csv has no column depth, heat; it has part, torque/],
      ['empty.csv', /empty.csv holds no parts/],
      ['none.csv', /none.csv cannot be read/],
    ] as const) {
      const { status, stderr } = await train('--data', file)
      assert.notEqual(status, 0)
      assert.match(stderr, words)
    }
    const { stderr } = await run('train', '-c', 'plant.yaml', '--monitor', 'camera', '--data', 'few.csv')
    assert.match(stderr, /no model of measured values to train/)
    const nothing = await train()
    assert.match(nothing.stderr, /the station has no images; say what to learn from: --data FILE or --journal/)
    const early = await run('inspect', '-c', 'plant.yaml', '--station', 'screw', '--data', 'few.csv', '--out', 'x.csv')
    assert.match(early.stderr, /It has none yet: train one/)
  })
})
