import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { predictionRow } from '../../connectors/csv/index.ts'
import type { ModelLife } from '../../agent/view/index.ts'
import { journalConfig, openJournal } from '../../agent/journal/index.ts'
import { millwright } from '../cli/millwright.ts'
import type { AgentProcess } from '../support/agent-process.ts'
import { runningAgent, type RunningAgent } from '../support/running-agent.ts'
import { pumpConfiguration, Pumps } from '../support/pumps.ts'
import { concluded } from '../support/scenario-results.ts'
import { until } from '../support/until.ts'

describe('life of a model, in a running agent', function () {
  const running = runningAgent({ site: 'life', persistence: true, configuration })
  const { folder } = running
  let agent: AgentProcess
  let pumps: Pumps
  let first: string
  let second: string
  let loud: string

  before(() => {
    ;({ agent } = running)
    pumps = new Pumps(running.client, agent)
  })

  const life = async (): Promise<ModelLife> => ((await agent.get('/api/models')) as ModelLife[])[0]
  const cli = (...words: string[]) => running.cli(...words)

  it('trains when it has collected enough, and works at once as the first', async () => {
    await pumps.advance(360)
    await until('the first model works', async () => (await life()).active !== undefined)
    first = (await life()).active!
    await pumps.advance(420)
  })

  it('trains again when it is told to, and lets the new one score beside', async () => {
    await pumps.advance(700)
    assert.deepEqual(await cli('models', 'retrain', 'health', '--by', 'Mei'), { monitor: 'health' })
    await until('a challenger is in its trial', async () => (await life()).step === 'shadow')
    const { versions, active } = await life()
    second = versions.find(({ state }) => state === 'shadow')!.version
    assert.equal(active, first)
    assert.notEqual(second, first)
    await pumps.advance(800)
  })

  it('goes on with the trial after SIGKILL', async () => {
    await agent.kill()
    await agent.start()
    await until('the trial goes on', async () => (await life()).step === 'shadow')
    await pumps.advance(840)
  })

  it('puts it to work when it is told to, with the one before beside it', async () => {
    assert.equal((await cli('models', 'promote', 'health', second, '--by', 'Mei')).version, second)
    await until('the second works', async () => (await life()).active === second)
    await pumps.advance(920)
  })

  it('takes it back when it is told to', async () => {
    assert.equal((await cli('models', 'rollback', 'health', '--by', 'Mei', '--reason', 'too loud')).version, first)
    await until('the first works again', async () => (await life()).active === first)
    await pumps.advance(1000)
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
    await pumps.advance(1120)
    await until('the first works again', async () => (await life()).active === first)
    await pumps.advance(1160)
  })

  it('is left alone by an agent that stops in the middle of a training', async () => {
    await cli('models', 'retrain', 'health', '--by', 'Mei')
    assert.equal(await agent.stop(), 0)
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
    const promotions = ['active', 'rollback', 'active', 'rollback']
    assert.deepEqual(steps, ['training', 'active', 'training', 'shadow', ...promotions, 'training'])
    const why = events.flatMap((event) => (event.type === 'model' ? [event.detail] : [])).at(-2)
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
    const to = new Date(pumps.begin + 200_000).toISOString()
    const { version } = await cli('train', '--monitor', 'health', '--journal', '--to', to)
    const shown = await cli('models', 'show', 'health', String(version))
    const { training } = shown.manifest as { training: { from: number; to: number } }
    assert.ok(training.from >= pumps.begin - 10_000 && training.to <= pumps.begin + 200_000, JSON.stringify(training))
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

function configuration({ broker }: RunningAgent): string {
  return `
${pumpConfiguration(broker.url, '{ after: 150s, retrain: never, drift: false, shadow: 1h }')}
`
}
