import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DetectorError, type ErrorCode } from '../../../agent/core/index.ts'
import { loadDetector, modelConfig, trainModel, type OnnxSettings } from '../../../models/index.ts'
import { encodeOnnx, type Graph } from '../../../models/onnx/graph.ts'
import { encodeManifest } from '../../../models/onnx/bundle.ts'
import { pick, synthetic } from '../synthetic.ts'
import { sum } from '../../support/sum-graph.ts'

const features = synthetic({ length: 70, tags: 1 })

/** The sum as a value, with an interval of one to either side; the first two features as probabilities of two classes. */
const conclusions: Graph = {
  ...sum,
  outputs: [
    { name: 'total', shape: ['batch', 1] },
    { name: 'low', shape: ['batch', 1] },
    { name: 'high', shape: ['batch', 1] },
    { name: 'classes', shape: ['batch', 2] },
  ],
  constants: [...sum.constants, { name: 'one', shape: [1], values: Float64Array.of(1) }],
  steps: [
    ...sum.steps,
    { operator: 'Sub', inputs: ['total', 'one'], outputs: ['low'] },
    { operator: 'Add', inputs: ['total', 'one'], outputs: ['high'] },
    { operator: 'Identity', inputs: ['x'], outputs: ['classes'] },
  ],
}

describe('ONNX file of the user', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millwright-user-file-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  async function settings(content: Graph | Uint8Array, more: object = {}): Promise<OnnxSettings> {
    const file = join(folder, 'model.onnx')
    await writeFile(file, content instanceof Uint8Array ? content : encodeOnnx(content))
    const parsed = modelConfig.parse({ type: 'onnx', file, threshold: 25, ...more })
    assert.equal(parsed.type, 'onnx')
    return parsed
  }

  async function refused(
    content: Graph | Uint8Array,
    code: ErrorCode,
    words: RegExp,
    more: object = {},
  ): Promise<void> {
    await assert.rejects(
      loadDetector(await settings(content, more), { features: features.names }),
      (error: unknown) => {
        assert.ok(error instanceof DetectorError, String(error))
        assert.equal(error.code, code)
        assert.match(error.message, words)
        return true
      },
    )
  }

  it('scores the columns of the monitor with the first output', async () => {
    const detector = await loadDetector(await settings(sum), { features: features.names })
    const { score, threshold, contributions, tags } = await detector.score(features)
    score.forEach((value, row) => assert.equal(value, features.values[2 * row] + features.values[2 * row + 1]))
    assert.ok(threshold.every((value) => value === 25))
    assert.deepEqual([tags, contributions.length], [[], 0])
    assert.match(detector.version, /^file-[0-9a-f]{8}$/)
    await detector.close()
  })

  for (const kind of ['estimate', 'rul'] as const) {
    it(`gives a value with its interval, kind ${kind}`, async () => {
      const more = { kind, score: 'total', value: 'total', lower: 'low', upper: 'high' }
      const detector = await loadDetector(await settings(conclusions, more), { features: features.names })
      assert.equal(detector.kind, kind)
      const some = pick(features, [0, 1])
      some.values.set([1, 2, NaN, 3])
      const { value, lower, upper, score } = await detector.score(some)
      assert.deepEqual([value?.[0], lower?.[0], upper?.[0], score[0]], [3, 2, 4, 3])
      assert.ok(Number.isNaN(value?.[1]) && Number.isNaN(score[1]))
      await detector.close()
    })
  }

  it('tells classes apart, kind fault: the sound one up to the threshold, else the most probable fault', async () => {
    const more = {
      kind: 'fault',
      score: 'total',
      probabilities: 'classes',
      classes: ['normal', 'bearing'],
      threshold: 5,
    }
    const detector = await loadDetector(await settings(conclusions, more), { features: features.names })
    const some = pick(features, [0, 1, 2])
    some.values.set([1, 2, 4, 3, NaN, 1])
    const { label, probability, classes } = await detector.score(some)
    assert.deepEqual(classes, ['normal', 'bearing'])
    assert.deepEqual(Array.from(label!), [0, 1, -1])
    assert.deepEqual(Array.from(probability!), [1, 3, NaN])
    await detector.close()
  })

  it('says which outputs a kind needs', async () => {
    await refused(conclusions, 'MODEL_MISMATCH', /from which output/, { kind: 'fault' })
    await refused(conclusions, 'MODEL_MISMATCH', /by which output/, { kind: 'rul' })
    await refused(conclusions, 'MODEL_MISMATCH', /none named "nowhere"/, { kind: 'estimate', value: 'nowhere' })
    const classes = ['a', 'b', 'c']
    await refused(conclusions, 'MODEL_MISMATCH', /\[batch, 3\]/, { kind: 'fault', probabilities: 'classes', classes })
  })

  it('scales before the model, with missing features at their mean', async () => {
    const detector = await loadDetector(await settings(sum, { scaler: { mean: [1, 2], scale: [2, 4] } }), {
      features: features.names,
    })
    const some = pick(features, [0, 1, 2])
    some.values.set([5, 10, NaN, 10, NaN, NaN])
    assert.deepEqual(Array.from((await detector.score(some)).score), [4, 2, NaN])
    await detector.close()
  })

  it('has no opinion where an unscaled feature is missing', async () => {
    const detector = await loadDetector(await settings(sum), { features: features.names })
    const some = pick(features, [0, 1])
    some.values.set([5, NaN, 5, 6])
    assert.deepEqual(Array.from((await detector.score(some)).score), [NaN, 11])
    await detector.close()
  })

  it('turns score and threshold round where low scores are worse', async () => {
    const detector = await loadDetector(await settings(sum, { higher_is_worse: false }), { features: features.names })
    const { score, threshold } = await detector.score(features)
    assert.equal(score[0], -(features.values[0] + features.values[1]))
    assert.equal(threshold[0], -25)
    await detector.close()
  })

  it('reads the columns in the order that is configured', async () => {
    const first = { ...sum, constants: [{ name: 'ones', shape: [2, 1], values: Float64Array.of(1, 0) }] }
    const detector = await loadDetector(await settings(first, { inputs: ['tag0.std', 'tag0.mean'] }), {
      features: features.names,
    })
    assert.deepEqual(detector.inputs, ['tag0.std', 'tag0.mean'])
    assert.equal((await detector.score(features)).score[3], features.values[7])
    await detector.close()
  })

  it('runs a model with a fixed number of rows', async () => {
    const one = { ...sum, inputs: [{ name: 'x', shape: [1, 2] }], outputs: [{ name: 'total', shape: [1, 1] }] }
    const detector = await loadDetector(await settings(one), { features: features.names })
    assert.equal((await detector.score(features)).score[69], features.values[138] + features.values[139])
    await detector.close()
  })

  it('uses the manifest beside the file, golden vectors included', async () => {
    const training = synthetic({ length: 100, tags: 1 })
    const bundle = await trainModel(modelConfig.parse('anomaly'), { monitor: 'm', features: training, created: 0 })
    const plain = await settings(bundle.onnx, { threshold: undefined })
    await writeFile(join(folder, 'manifest.json'), encodeManifest(bundle.manifest))
    const [own, trained] = [await loadDetector(plain), await loadDetector(bundle)]
    assert.deepEqual(await own.score(features), await trained.score(features))
    await Promise.all([own.close(), trained.close()])
    await writeFile(join(folder, 'manifest.json'), '{')
    await assert.rejects(
      loadDetector(plain),
      (error) => error instanceof DetectorError && error.code === 'MODEL_BROKEN',
    )
  })

  it('says what is wrong with a file that is not ONNX', async () => {
    await refused(
      new TextEncoder().encode('{"not": "onnx"}'),
      'MODEL_BROKEN',
      /model\.onnx cannot be used: it is not an ONNX file/,
    )
    await refused(encodeOnnx(sum).slice(0, 40), 'MODEL_BROKEN', /cannot be used/)
    await refused(new Uint8Array(), 'MODEL_BROKEN', /cannot be used/)
  })

  it('says that an operator is unknown', async () => {
    const strange = { ...sum, steps: [{ ...sum.steps[0], operator: 'FancyMatMul' }] }
    await refused(strange, 'MODEL_BROKEN', /uses operators that ONNX Runtime does not have/)
  })

  it('says which shape is needed', async () => {
    const wide: Graph = {
      ...sum,
      inputs: [{ name: 'x', shape: ['batch', 3] }],
      constants: [{ name: 'ones', shape: [3, 1], values: new Float64Array(3) }],
    }
    await refused(wide, 'MODEL_MISMATCH', /takes "x" float64 \[batch, 3\], but the monitor has 2 features/)
    await refused(sum, 'MODEL_MISMATCH', /none named "verdict"/, { score: 'verdict' })
    await refused(sum, 'MODEL_MISMATCH', /needs features that the monitor does not make: speed/, {
      inputs: ['speed', 'tag0.std'],
    })
    await refused(sum, 'MODEL_MISMATCH', /1 means and 2 scales for 2 features/, {
      scaler: { mean: [1], scale: [1, 1] },
    })
    await refused(sum, 'MODEL_MISMATCH', /not known which scores/, { threshold: undefined })
    const table = {
      ...sum,
      outputs: [{ name: 'total', shape: ['batch', 2] as const }],
      constants: [{ name: 'ones', shape: [2, 2], values: new Float64Array(4) }],
    }
    await refused(table, 'MODEL_MISMATCH', /"total" float64 \[batch, 2\] should be/)
  })

  it('says that the file is not there', async () => {
    const missing = { ...(await settings(sum)), file: join(folder, 'none.onnx') }
    await assert.rejects(
      loadDetector(missing),
      (error) => error instanceof DetectorError && error.code === 'MODEL_MISSING',
    )
  })

  it('is not trained', async () => {
    const input = { monitor: 'm', features, created: 0 }
    await assert.rejects(trainModel(await settings(sum), input), DetectorError)
  })
})

describe('model configuration', () => {
  it('takes the name of a model for all its defaults', () => {
    const defaults = {
      method: 'auto',
      modes: 'states',
      false_alarms: { period: 31_556_952_000 },
      sensitivity: 1,
      quiet: false,
      min_windows: 50,
    }
    assert.deepEqual(modelConfig.parse('anomaly'), { type: 'anomaly', ...defaults })
  })

  it('refuses what is not there', () => {
    for (const wrong of [
      'isolation-forest',
      'onnx',
      5,
      null,
      { type: 'anomaly', sensitivty: 2 },
      { type: 'anomaly', sensitivity: 0 },
    ]) {
      assert.equal(modelConfig.safeParse(wrong).success, false, JSON.stringify(wrong))
    }
  })
})
