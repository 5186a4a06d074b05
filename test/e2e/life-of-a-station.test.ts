import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { MqttClient } from 'mqtt'
import type { DeadLetterView, ModelLife } from '../../agent/view/index.ts'
import { seededRandom } from '../../models/random.ts'
import { millwright } from '../cli/millwright.ts'
import { png, stripes } from '../models/inspection/pictures.ts'
import type { AgentProcess } from '../support/agent-process.ts'
import { runningAgent, type RunningAgent } from '../support/running-agent.ts'
import { livedThrough } from '../support/scenario-results.ts'
import { until } from '../support/until.ts'

const size = 64
const random = seededRandom(3)
/** Textures of good parts, of scratched ones, and of good ones with a stain, which nobody has seen before. */
const textures = {
  good: () => png(stripes(size, true, random), size),
  scratch: () => png(stripes(size, false, random), size),
  stained: () => {
    const [x, y] = [10 + random.integer(40), 10 + random.integer(40)]
    const within = (at: number) => Math.hypot((at % size) - x, Math.floor(at / size) - y) < 9
    return png(
      stripes(size, true, random).map((value, at) => (within(at) ? 20 : value)),
      size,
    )
  },
}

interface Verdict {
  readonly part: string
  readonly label: string
  readonly model: string
  readonly verdict: string
}

describe('life of a station’s model, in a running agent', function () {
  const running = runningAgent({ site: 'life', start: false, configuration, prepare: writeImages })
  const { folder } = running
  const images = join(folder, 'images')
  let agent: AgentProcess
  let client: MqttClient
  let port: number
  let first: string
  let second: string
  /** What stained parts are said to be; the first model calls them good. */
  const truth = 'scratch'
  const verdicts: Verdict[] = []
  const corrections: { part: string; class: string }[] = []

  before(async () => {
    ;({ agent, client, port } = running)
    await client.subscribeAsync(['millwright/life/press/verdict', 'millwright/life/press/correction'], { qos: 1 })
    client.on('message', (topic, payload) => {
      const message = JSON.parse(payload.toString()) as Verdict & { class: string }
      if (topic.endsWith('/verdict')) verdicts.push(message)
      else corrections.push(message)
    })
  })

  const life = async (): Promise<ModelLife> => ((await agent.get('/api/models')) as ModelLife[])[0]
  const cli = (...words: string[]) => running.cli(...words)

  /** Sends the image of a part; resolves with its verdict. */
  async function judge(part: string, texture: keyof typeof textures): Promise<Verdict> {
    const response = await fetch(`http://127.0.0.1:${port}/api/inspections/press/images?part=${part}`, {
      method: 'POST',
      headers: { 'content-type': 'image/png', authorization: `Bearer ${agent.token}` },
      body: await textures[texture](),
    })
    assert.equal(response.status, 200, await response.text())
    const own = () => verdicts.find((verdict) => verdict.part === part)
    await until(`the verdict on ${part}`, () => own() !== undefined)
    return own()!
  }

  const verdict = (part: string, name: string) =>
    ({ type: 'verdict', station: 'press', part, class: name, by: 'Mei' }) as const
  const correct = async (part: string, name: string) => {
    const response = await agent.post('/api/labels', verdict(part, name))
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }

  it('is trained from a folder while no agent runs, and works when one starts', async () => {
    first = String((await cli('train', '--monitor', 'press', '--images', images)).version)
    assert.match(first, /^0001-/)
    await agent.start()
    const { label, model } = await judge('G1', 'good')
    assert.deepEqual([label, model], ['good', first])
    assert.equal((await judge('S1', 'scratch')).label, 'scratch')
    await until('the list has it', async () => (await life()).active === first)
  })

  it('learns from what operators say: over HTTP, MQTT and the command line', async () => {
    for (let i = 0; i < 16; i++) assert.equal((await judge(`stain${i}`, 'stained')).label, 'good')
    assert.deepEqual(await correct('stain0', truth), {
      status: 200,
      body: { station: 'press', part: 'stain0', class: truth, learns: true },
    })
    await client.publishAsync('labels', JSON.stringify(verdict('stain1', truth)), { qos: 1 })
    await cli('label', 'verdict', 'stain2', '--station', 'press', '--class', truth, '--by', 'Mei')
    await until('all three are told', () => corrections.length === 3)
    assert.deepEqual(corrections.map(({ part }) => part).sort(), ['stain0', 'stain1', 'stain2'])
    const kept = await readdir(join(folder, 'data', 'inspection', 'press', 'labelled', truth))
    assert.equal(kept.length, 3)
  })

  it('says so where a station, part or class is not there', async () => {
    const missing = await agent.post('/api/labels', { ...verdict('stain0', truth), station: 'weld' })
    assert.equal(missing.status, 404)
    assert.match(await missing.text(), /there is no station weld; there are: press/)
    const { status, body } = await correct('nobody', truth)
    assert.equal(status, 404)
    assert.match(JSON.stringify(body), /knows no verdict on part nobody/)
    assert.match(JSON.stringify((await correct('stain0', 'rust')).body), /there are: good, scratch/)
    await client.publishAsync('labels', JSON.stringify(verdict('nobody', truth)), { qos: 1 })
    await until('the message is put aside', async () =>
      ((await agent.get('/api/dead-letters')) as DeadLetterView[]).some(({ reason }) => reason === 'unknown'),
    )
  })

  it('trains when there are enough of them, and looks on beside the model at work', async () => {
    for (let i = 3; i < 15; i++) await correct(`stain${i}`, truth)
    await until('a challenger is in its trial', async () => (await life()).step === 'shadow')
    const { versions, active } = await life()
    assert.equal(active, first)
    second = versions.find(({ state }) => state === 'shadow')!.version
    assert.match(versions[0].report!, /The model at work had a merit of 0\.\d+ on the same held-out images/)
    assert.notEqual((await judge('still', 'stained')).label, truth, 'no effect on verdicts')
  })

  it('goes on with the trial after SIGKILL', async () => {
    await agent.kill()
    await agent.start()
    await until('the trial goes on', async () => (await life()).step === 'shadow')
  })

  it('is promoted when it is better on parts that operators judged', async () => {
    for (let i = 0; i < 7; i++) {
      await judge(`more${i}`, 'stained')
      await correct(`more${i}`, truth)
      await judge(`right${i}`, 'good')
      await correct(`right${i}`, 'good')
    }
    for (let i = 0; (await life()).step === 'shadow' && i < 40; i++) await judge(`next${i}`, 'scratch')
    await until('the second works', async () => (await life()).active === second)
    assert.equal((await judge('after', 'stained')).label, truth)
  })

  it('still works after a restart', async () => {
    assert.equal(await agent.stop(), 0)
    await agent.start()
    assert.equal((await judge('again', 'stained')).model, second)
  })

  it('is taken back when somebody asks, and the folder of a broken one is no obstacle', async () => {
    assert.equal((await cli('models', 'rollback', 'press', '--by', 'Mei')).version, first)
    await until('the first works again', async () => (await judge(`back${verdicts.length}`, 'stained')).model === first)
    const promoted = await agent.post('/api/models/press/promote', { version: second, by: 'Mei' })
    assert.equal(promoted.status, 200, await promoted.text())
    await until('the second is at work', async () => (await life()).active === second)
    await agent.stop()
    writeFileSync(join(folder, 'data', 'models', 'press', second, 'model.onnx'), 'broken')
    await agent.start()
    assert.equal((await judge('broken', 'stained')).model, first)
    await until('it is recorded', async () => (await life()).active === first)
    assert.match(agent.output, /model.onnx is not the file that the manifest describes/)
    await agent.stop()
  })

  it('is taken back by itself when it fails far more parts than the one before', async () => {
    const folderOf = (version: string) => join(folder, 'data', 'models', 'press', version)
    assert.equal((await cli('models', 'export', 'press', first, '--out', join(folder, 'out'))).version, first)
    const path = join(folder, 'out', 'manifest.json')
    const { output, ...manifest } = JSON.parse(await readFile(path, 'utf8')) as { output: { classes: string[] } }
    const swapped = { ...output, classes: output.classes.toReversed() }
    writeFileSync(path, JSON.stringify({ ...manifest, output: swapped }))
    const bad = String((await cli('models', 'import', join(folder, 'out'))).version)
    assert.ok((await readdir(folderOf(bad))).includes('model.onnx'))
    await agent.start()
    const promoted = await agent.post('/api/models/press/promote', { version: bad, by: 'Mei' })
    assert.equal(promoted.status, 200, await promoted.text())
    await until('the bad one is at work', async () => (await life()).active === bad)
    for (let i = 0; (await life()).active === bad && i < 60; i++) await judge(`fine${i}`, 'good')
    await until('the first works again', async () => (await life()).active === first)
    assert.match(agent.output, /the new model failed 100\.0 % of 3\d parts, this one would have failed 0\.0 %/)
    assert.equal((await judge('fine', 'good')).label, 'good')
    await agent.stop()
  })

  it('has left its life in the journal', async () => {
    const { events, steps } = await livedThrough(running.data)
    // Another training may begin beside the watch, and be called off with the agent or the model that it was to follow.
    const taken = steps.filter((step, i) => step !== 'press training' || i === steps.indexOf(step))
    const lived = ['active', 'training', 'shadow', 'active', 'rollback', 'active', 'rollback', 'active', 'rollback']
    assert.deepEqual(
      taken,
      lived.map((step) => `press ${step}`),
    )
    const promotion = events.find((event) => event.type === 'model' && event.version === second && event.step === 'active') // prettier-ignore
    assert.match(JSON.stringify(promotion), /better by more than 0\.01: merit 1\.00 against 0\.500 over 14 parts/)
  })

  it('judges a folder as the station does', async () => {
    const out = join(folder, 'verdicts.csv')
    const { status, stderr } = await millwright(folder, 'inspect', '--config', agent.file, '--station', 'press', '--images', images, '--out', out) // prettier-ignore
    assert.equal(status, 0, stderr)
    const rows = (await readFile(out, 'utf8')).trimEnd().split('\n').slice(1)
    assert.equal(rows.length, 30)
    assert.ok(rows.every((row) => row.includes(first)))
  })
})

/** Fifteen images of each class that the first model is to know. */
async function writeImages({ folder }: RunningAgent): Promise<void> {
  for (const name of ['good', 'scratch'] as const) {
    const images = join(folder, 'images', name)
    mkdirSync(images, { recursive: true })
    for (let i = 0; i < 15; i++) writeFileSync(join(images, `${i}.png`), await textures[name]())
  }
}

function configuration({ broker, folder }: RunningAgent): string {
  return `
connectors:
  mqtt:
    type: mqtt
    url: ${broker.url}
    topics: [{ filter: labels, format: labels }]
    publish: { content: [inspections, models] }
inspections:
  press:
    source: { type: http }
    model: { type: learned, methods: [textures], size: 64 }
    keep: { images: none }
    learn: { images: ${join(folder, 'images')}, corrections: 15, at_most: 1ms, shadow: 20 parts, retrain: never }
`
}
