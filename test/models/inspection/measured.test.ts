import assert from 'node:assert/strict'
import { trainMeasured, type MeasuredTraining } from '../../../models/inspection/measured.ts'
import { measuredModelConfig } from '../../../models/inspection/measured-settings.ts'
import { describeReport } from '../../../models/index.ts'
import { MeasuredInspector, type MeasuredPart } from '../../../models/inspection/measured-inspector.ts'
import { screwedParts, unlabelled } from './parts.ts'

const names = ['torque', 'depth', 'heat']
const train = (model: unknown, parts: readonly MeasuredPart[], more: Partial<MeasuredTraining> = {}) =>
  trainMeasured(measuredModelConfig.parse(model), parts, {
    station: 'screw',
    model: 'screw.values',
    names,
    created: 0,
    ...more,
  })

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

    it('speak of parts in their card and report', async () => {
      const { card, report } = await train('anomaly', unlabelled(screwedParts(400, 1)))
      const text = describeReport(report!)
      assert.match(text, /^400 of 400 parts, /m)
      assert.match(text, /A held-out part is above its threshold/)
      assert.doesNotMatch(card + text, /window/)
    })

    it('say which value it was', async () => {
      const [found] = await answers(inspector, screwedParts(1, 4, 'hot'))
      assert.equal(Object.keys(found.contributions)[0], 'heat')
      const sum = Object.values(found.contributions).reduce((total, value) => total + value, 0)
      assert.ok(Math.abs(sum - 1) < 1e-9, `${sum} is not 1`)
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
    const parts = [...screwedParts(200, 1), ...screwedParts(60, 2, 'stripped'), ...screwedParts(60, 3, 'hot')]
    const inspector = await MeasuredInspector.open(await train('fault', parts))
    assert.deepEqual(inspector.defects, ['hot', 'stripped'])
    const label = (found: readonly { label: string }[], wanted: string) => share(found.map(({ label }) => label === wanted)) // prettier-ignore
    assert.ok(label(await answers(inspector, screwedParts(100, 4)), 'good') > 0.9)
    assert.ok(label(await answers(inspector, screwedParts(100, 5, 'stripped')), 'stripped') > 0.9)
    const hot = await answers(inspector, screwedParts(100, 6, 'hot'))
    assert.ok(label(hot, 'hot') > 0.9)
    assert.ok(share(hot.map(({ contributions }) => Object.keys(contributions)[0] === 'heat')) > 0.9)
    await inspector.close()
  })

  describe('beside the model at work', () => {
    /** Parts of another supplier: all good, and a little deeper and hotter. */
    const other = (parts: readonly MeasuredPart[]) =>
      parts.map(({ values, ...part }) => ({
        ...part,
        time: part.time + 1e9,
        values: { ...values, heat: values.heat + 6 },
      }))
    const before = () => train('anomaly', unlabelled(screwedParts(200, 1)))

    it('are compared on parts that were held out: good ones, known and made-up defects', async () => {
      const parts = [...unlabelled(screwedParts(200, 1)), ...other(screwedParts(100, 2)), ...screwedParts(20, 3, 'stripped')] // prettier-ignore
      const first = await before()
      assert.equal(first.manifest.metrics.merit, undefined, 'nothing to compare it with')
      const { manifest, report } = await train('anomaly', parts, { before: first })
      const { merit, merit_before } = manifest.metrics
      assert.ok(merit > merit_before + 0.05, `${merit} against ${merit_before}`)
      assert.equal(manifest.parent, first.manifest.version)
      assert.match(
        report!.notes.join(' '),
        /without 95 of the parts has a merit of 0\.\d+ on these, the model at work of 0\.\d+\./,
      )
    })

    it('learn from the newest parts as well, which the comparison held out', async () => {
      const parts = [...unlabelled(screwedParts(200, 1)), ...other(screwedParts(60, 2))]
      const inspector = await MeasuredInspector.open(await train('anomaly', parts, { before: await before() }))
      const found = await inspector.judgeAll(other(screwedParts(100, 4)))
      assert.ok(share(found.map(({ score, threshold }) => score <= threshold)) > 0.9)
      await inspector.close()
    })

    it('are as good as before where nothing has changed', async () => {
      const { manifest } = await train('anomaly', unlabelled(screwedParts(400, 1)), { before: await before() })
      const { merit, merit_before } = manifest.metrics
      assert.ok(Math.abs(merit - merit_before) < 0.05, `${merit} against ${merit_before}`)
    })

    it('stand alone where the one before sees what is no longer measured, or nothing can be held out', async () => {
      const first = await before()
      const fewer = unlabelled(screwedParts(200, 5)).map(({ time, values: { torque, depth } }) => ({ time, values: { torque, depth } })) // prettier-ignore
      const { manifest } = await train('anomaly', fewer, { before: first, names: ['torque', 'depth'] })
      assert.ok(manifest.metrics.merit > 0.8)
      assert.equal(manifest.metrics.merit_before, undefined)
      const few = await train('anomaly', unlabelled(screwedParts(55, 5)), { before: first })
      assert.equal(few.manifest.metrics.merit, undefined)
    })

    it('tell classes apart better than one that does not know one of them', async function () {
      const known = [...screwedParts(120, 1), ...screwedParts(40, 2, 'stripped')]
      const first = await train('fault', known)
      const { manifest } = await train('fault', [...known, ...screwedParts(40, 3, 'hot')], { before: first })
      const { merit, merit_before } = manifest.metrics
      assert.ok(merit > 0.8 && merit_before < 0.7, `${merit} against ${merit_before}`)
    })
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
      /5 parts with labels of each of two classes, parts that pass or a defect \(none\)/,
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
