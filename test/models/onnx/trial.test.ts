import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Logger } from '../../../agent/core/index.ts'
import { detectorLoader } from '../../../agent/pipeline/index.ts'
import { schema } from '../../../agent/settings/schema.ts'
import { modelConfig, ModelTrials, Registry, type OnnxSettings } from '../../../models/index.ts'
import { encodeOnnx } from '../../../models/onnx/graph.ts'
import { childrenOf } from '../../support/children.ts'
import { endless, sum } from '../../support/sum-graph.ts'
import { until } from '../../support/until.ts'

/** Processes of this one, as soon as there are any. */
async function childrenOnce(): Promise<number[]> {
  const found = () => childrenOf(process.pid)
  const before = new Set(found())
  await until('a process', () => found().some((pid) => !before.has(pid)))
  return found().filter((pid) => !before.has(pid))
}

describe('a model on trial', function () {
  this.timeout(120_000)
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'millwright-trial-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  function settings(content: Uint8Array): OnnxSettings {
    const file = join(folder, 'model.onnx')
    writeFileSync(file, content)
    const parsed = modelConfig.parse({ type: 'onnx', file, threshold: 25, inputs: ['a.mean', 'b.mean'] })
    assert.equal(parsed.type, 'onnx')
    return parsed
  }

  it('is tried again where its process was killed by others', async () => {
    const trials = new ModelTrials(folder)
    const trying = trials.try(settings(encodeOnnx(sum)))
    const [pid] = await childrenOnce()
    process.kill(pid, 'SIGKILL')
    await trying
  })

  it('passes where it answers a sample, and is remembered by its content and settings', async () => {
    await new ModelTrials(folder).try(settings(encodeOnnx(sum)))
    const passed = () => JSON.parse(readFileSync(join(folder, 'tried.json'), 'utf8')) as string[]
    assert.equal(passed().length, 1)
    await new ModelTrials(folder).try(settings(encodeOnnx(sum)))
    assert.equal(passed().length, 1)
    await new ModelTrials(folder).try({ ...settings(encodeOnnx(sum)), threshold: 3 })
    assert.equal(passed().length, 2)
  })

  it('is refused in the words of the process that ran it', async () => {
    await assert.rejects(new ModelTrials(folder).try(settings(Buffer.from('no model'))), { code: 'MODEL_BROKEN' })
    assert.equal(existsSync(join(folder, 'tried.json')), false)
  })

  it('whose graph never ends is refused, and its monitor has no opinion; this process goes on meanwhile', async () => {
    const model = settings(endless())
    const config = schema.parse({
      assets: { pump: { tags: '{asset}/{role}' } },
      monitors: { health: { assets: 'pump', model } },
    })
    const said: string[] = []
    const say = (_: object, words: string) => void said.push(words)
    const log: Logger = { debug: say, info: say, warn: say, error: say }
    const load = detectorLoader(config, new Registry(folder), log, { trials: new ModelTrials(folder) })
    let turns = 0
    const ticking = setInterval(() => turns++, 100)
    assert.equal(await load('health', 'file-1'), undefined)
    clearInterval(ticking)
    assert.match(
      said.join(),
      /model\.onnx cannot be used: the process that ran it gave no answer for 20 s and was ended/,
    )
    assert.ok(turns > 10, 'this process stood still')
  })
})
