import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync, type MqttClient } from 'mqtt'
import { predictionRow } from '../../connectors/csv/index.ts'
import type { ModelLife } from '../../agent/http/index.ts'
import { journalConfig, openJournal } from '../../agent/journal/index.ts'
import { millwright } from '../cli/millwright.ts'
import { AgentProcess } from '../support/agent-process.ts'
import { freePort, hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.ts'
import { concluded } from '../support/scenario-results.ts'
import { until } from '../support/until.ts'

/** ms of event time between two samples of a signal; event time runs faster than the clock. */
const step = 500
const roles = ['vibration', 'temperature', 'current'] as const

/** Three pumps whose signals follow a common load, with a ripple that takes the place of noise. */
function valueAt(pump: number, role: (typeof roles)[number], n: number): number {
  const load = Math.sin(n / 17 + pump)
  const noise = Math.sin(n * 12.9898 + pump * 78.233 + role.length) * 0.1
  return { vibration: 2 + load * 0.3, temperature: 40 + load * 2, current: 12 + load }[role] + noise
}

describe('life of a model, in a running agent', function () {
  this.timeout(240_000)
  const folder = mkdtempSync(join(tmpdir(), 'millwright-life-'))
  const begin = Math.floor((Date.now() - 3_600_000) / 10_000) * 10_000
  let broker: Mosquitto
  let agent: AgentProcess
  let publisher: MqttClient
  let published = 0
  let first: string
  let second: string
  let loud: string
  const started: (() => Promise<unknown>)[] = []

  before(async function () {
    if (!hasMosquitto) {
      this.test!.parent!.title += ' (skipped: mosquitto is not installed)'
      this.skip()
    }
    broker = await startMosquitto({ persistence: true })
    started.push(() => broker.dispose())
    const port = await freePort()
    agent = new AgentProcess(folder, port, configuration(folder, port, broker.url))
    started.push(() => agent.kill())
    await agent.start()
    publisher = await connectAsync(broker.url, { clientId: 'press' })
    started.push(() => publisher.endAsync(true))
    await until('the source is connected', async () =>
      (await agent.state()).connections.every(({ status }) => status.state === 'up'),
    )
  })
  after(async () => {
    for (const end of started.reverse()) await end().catch(() => undefined)
    rmSync(folder, { recursive: true, force: true })
  })

  /** Publishes up to step `to`, and waits until the pipeline has seen it. */
  async function advance(to: number): Promise<void> {
    const messages: Promise<unknown>[] = []
    for (; published < to; published++) {
      for (const pump of [1, 2, 3]) {
        for (const role of roles) {
          const payload = JSON.stringify({ ts: begin + published * step, value: valueAt(pump, role, published) })
          messages.push(publisher.publishAsync(`plant/line1/pump${pump}/${role}`, payload, { qos: 1 }))
        }
      }
    }
    await Promise.all(messages)
    const newest = begin + (to - 1) * step
    await until('the pipeline has seen it', async () => {
      const { assets } = await agent.state()
      return assets.length === 3 && assets.every(({ tags }) => tags.every(({ time }) => time === newest))
    })
  }

  const life = async (): Promise<ModelLife> => ((await agent.get('/api/models')) as ModelLife[])[0]
  const cli = async (...words: string[]) => {
    const { status, stdout, stderr } = await millwright(folder, ...words, '--config', agent.file, '--json')
    assert.equal(status, 0, stderr)
    return JSON.parse(stdout) as Record<string, unknown>
  }

  it('trains when it has collected enough, and works at once as the first', async () => {
    await advance(360)
    await until('the first model works', async () => (await life()).active !== undefined, 60_000)
    first = (await life()).active!
    await advance(420)
  })

  it('trains again when it is told to, and lets the new one score beside', async () => {
    await advance(700)
    assert.deepEqual(await cli('models', 'retrain', 'health', '--by', 'Mei'), { monitor: 'health' })
    await until('a challenger is in its trial', async () => (await life()).step === 'shadow', 60_000)
    const { versions, active } = await life()
    second = versions.find(({ state }) => state === 'shadow')!.version
    assert.equal(active, first)
    assert.notEqual(second, first)
    await advance(800)
  })

  it('goes on with the trial after SIGKILL', async () => {
    await agent.kill()
    await agent.start()
    await until('the trial goes on', async () => (await life()).step === 'shadow')
    await advance(840)
  })

  it('puts it to work when it is told to, with the one before beside it', async () => {
    assert.equal((await cli('models', 'promote', 'health', second, '--by', 'Mei')).version, second)
    await until('the second works', async () => (await life()).active === second)
    await advance(920)
  })

  it('takes it back when it is told to', async () => {
    assert.equal((await cli('models', 'rollback', 'health', '--by', 'Mei', '--reason', 'too loud')).version, first)
    await until('the first works again', async () => (await life()).active === first)
    await advance(1000)
  })

  it('takes one back by itself that alarms at everything', async () => {
    const sensitive = join(folder, 'sensitive.yaml')
    const text = readFileSync(agent.file, 'utf8')
    writeFileSync(sensitive, text.replace('model: anomaly', 'model: { type: anomaly, sensitivity: 50 }'))
    const trained = await millwright(
      folder,
      'train',
      '--config',
      sensitive,
      '--monitor',
      'health',
      '--journal',
      '--json',
    )
    assert.equal(trained.status, 0, trained.stderr)
    loud = (JSON.parse(trained.stdout) as { version: string }).version
    await cli('models', 'promote', 'health', loud, '--by', 'Mei')
    await until('the loud one works', async () => (await life()).active === loud)
    await advance(1120)
    await until('the first works again', async () => (await life()).active === first)
    await advance(1160)
    await agent.stop()
  })

  it('gave every window one prediction, of the model that was at work', async () => {
    const journal = await openJournal({
      folder: join(folder, 'data', 'journal'),
      settings: journalConfig.parse({}),
      readOnly: true,
    })
    const { predictions, events } = concluded(journal)
    await journal.close()
    const models = predictions.filter(({ asset }) => asset === 'line1/pump1').map(({ model }) => model)
    assert.deepEqual(
      models.filter((model, at) => model !== models[at - 1]),
      ['', first, second, first, loud, first],
    )
    const keys = predictions.map(({ asset, time, revision }) => `${asset} ${time} ${revision}`)
    assert.equal(new Set(keys).size, keys.length)
    const steps = events.flatMap((event) => (event.type === 'model' ? [event.step] : []))
    assert.deepEqual(steps, ['training', 'active', 'training', 'shadow', 'active', 'rollback', 'active', 'rollback'])
    const why = events.flatMap((event) => (event.type === 'model' ? [event.detail] : [])).at(-1)
    assert.match(why!, /was taken back: the new model was beyond its threshold in \d+\.\d % of \d+ windows/)
  })

  it('comes out of a replay of the journal to the bit, across every swap', async () => {
    const out = join(folder, 'replayed.csv')
    await cli('replay', '--journal', '--out', out)
    const journal = await openJournal({
      folder: join(folder, 'data', 'journal'),
      settings: journalConfig.parse({}),
      readOnly: true,
    })
    const live = concluded(journal).predictions.map(predictionRow)
    await journal.close()
    const [, ...replayed] = readFileSync(out, 'utf8').trimEnd().split('\n')
    assert.ok(live.length > 500, `${live.length} predictions`)
    assert.deepEqual(replayed, live)
  })

  it('is trained from the journal by time range as well', async () => {
    const to = new Date(begin + 200_000).toISOString()
    const { version } = await cli('train', '--monitor', 'health', '--journal', '--to', to)
    const shown = await cli('models', 'show', 'health', String(version))
    const { training } = shown.manifest as { training: { from: number; to: number } }
    assert.ok(training.from >= begin - 10_000 && training.to <= begin + 200_000, JSON.stringify(training))
    assert.equal((shown.report as { monitor: string }).monitor, 'health')
  })

  it('is compared by its alarms, exported and imported', async () => {
    const same = await cli('replay', '--journal', '--compare-model', `health=${first}`, '--model', `health=${first}`)
    assert.deepEqual([same.onlyFirst, same.onlySecond], [[], []])
    const other = await cli('models', 'export', 'health', second, '--out', join(folder, 'exported'))
    assert.equal(other.version, second)
    assert.deepEqual((await cli('models', 'import', join(folder, 'exported'))).version, second)
  })
})

function configuration(folder: string, port: number, broker: string): string {
  return `
site: life
data: ${join(folder, 'data')}
http: { port: ${port} }
connectors:
  mqtt:
    type: mqtt
    url: ${broker}
    topics: [{ filter: plant/+/+/+, tag: "{1}/{2}/{3}" }]
assets:
  pump: { tags: "{line}/pump{n}/{role}" }
monitors:
  health:
    assets: pump
    window: 10s
    every: 2s
    lateness: 1s
    model: anomaly
    idle: 10m
    learn: { after: 150s, retrain: never, drift: false, shadow: 1h }
`
}
