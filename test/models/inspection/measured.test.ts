import assert from 'node:assert/strict'
import {
  MeasuredInspector,
  measuredModelConfig,
  trainMeasured,
  type MeasuredPart,
} from '../../../models/inspection/measured.ts'
import { screwedParts, unlabelled } from './parts.ts'

const names = ['torque', 'depth', 'heat']
const train = (model: unknown, parts: readonly MeasuredPart[]) =>
  trainMeasured(measuredModelConfig.parse(model), parts, { station: 'screw', names, created: 0 })

async function answers(inspector: MeasuredInspector, parts: readonly MeasuredPart[]) {
  return Promise.all(parts.map((part) => inspector.judge(part)))
}

const share = (flags: readonly boolean[]) => flags.filter(Boolean).length / flags.length

describe('models of measured values', () => {
  describe("of good parts only, by Hotelling's T²", () => {
    let inspector: MeasuredInspector
    before(async () => {
      inspector = await MeasuredInspector.open(await train('anomaly', unlabelled(screwedParts(400, 1))))
    })
    after(() => inspector.close())

    it('pass good parts and fail those whose values do not go together', async () => {
      const good = await answers(inspector, screwedParts(200, 2))
      const stripped = await answers(inspector, screwedParts(200, 3, 'stripped'))
      const fails = (found: typeof good) => share(found.map(({ score, threshold }) => score > threshold))
      assert.ok(fails(good) < 0.05, `${fails(good)} of good parts fail`)
      assert.ok(fails(stripped) > 0.95, `${fails(stripped)} of stripped parts fail`)
      assert.deepEqual([good[0].label, stripped[0].label], ['good', 'defect'])
    })

    it('say which value it was', async () => {
      const [found] = await answers(inspector, screwedParts(1, 4, 'hot'))
      assert.equal(Object.keys(found.contributions)[0], 'heat')
      const sum = Object.values(found.contributions).reduce((total, value) => total + value, 0)
      assert.ok(Math.abs(sum - found.score) < 1e-3 * found.score, `${sum} is not ${found.score}`)
    })

    it('give the same answers when trained again', async () => {
      const again = await MeasuredInspector.open(await train('anomaly', unlabelled(screwedParts(400, 1))))
      const parts = screwedParts(20, 5)
      assert.deepEqual(await answers(again, parts), await answers(inspector, parts))
      await again.close()
    })

    it('leave out parts that are labelled as defective', async () => {
      const mixed = [...screwedParts(300, 1), ...screwedParts(200, 6, 'hot')]
      const trained = await MeasuredInspector.open(await train('anomaly', mixed))
      const hot = await answers(trained, screwedParts(50, 7, 'hot'))
      assert.ok(share(hot.map(({ score, threshold }) => score > threshold)) > 0.95)
      await trained.close()
    })
  })

  it('of labelled parts, by boosted trees, name the defect and the value', async function () {
    this.timeout(120_000)
    const parts = [...screwedParts(200, 1), ...screwedParts(60, 2, 'stripped'), ...screwedParts(60, 3, 'hot')]
    const inspector = await MeasuredInspector.open(await train('fault', parts))
    const label = (found: readonly { label: string }[], wanted: string) => share(found.map(({ label }) => label === wanted)) // prettier-ignore
    assert.ok(label(await answers(inspector, screwedParts(100, 4)), 'good') > 0.9)
    assert.ok(label(await answers(inspector, screwedParts(100, 5, 'stripped')), 'stripped') > 0.9)
    const hot = await answers(inspector, screwedParts(100, 6, 'hot'))
    assert.ok(label(hot, 'hot') > 0.9)
    assert.ok(share(hot.map(({ contributions }) => Object.keys(contributions)[0] === 'heat')) > 0.9)
    await inspector.close()
  })

  const lacking: readonly [string, string, readonly MeasuredPart[], RegExp][] = [
    [
      'too few good parts',
      'anomaly',
      screwedParts(10, 1),
      /station screw has 10 good parts to learn from, and needs 50/,
    ],
    [
      'no labels',
      'fault',
      unlabelled(screwedParts(100, 1)),
      /5 parts that pass and 5 of a defect, with labels \(none\)/,
    ],
    ['one class only', 'fault', screwedParts(100, 1), /normal: 100/],
    ['too few labels', 'fault', [...screwedParts(10, 1), ...screwedParts(10, 2, 'hot')], /20 parts with labels, and needs 50/], // prettier-ignore
  ]
  for (const [what, model, parts, words] of lacking) {
    it(`are not trained from ${what}`, async () => {
      await assert.rejects(train(model, parts), words)
    })
  }
})
