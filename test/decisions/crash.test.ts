import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DecisionAgent } from '../support/decision-agent.ts'
import { OpcuaServer } from '../support/opcua-server.ts'
import { tsx } from '../support/program.ts'

const script = fileURLToPath(new URL('../support/decision-process.ts', import.meta.url))

type End = (folder: string, endpoint: string, step: string) => Promise<void>

/** A process of its own that is killed at the step: what was not on the disk is gone. */
const killed: End = async (...given) => {
  const child = spawn(process.execPath, ['--import', tsx, script, ...given], { stdio: ['ignore', 'inherit', 'inherit'] }) // prettier-ignore
  const [, signal] = (await once(child, 'close')) as [number | null, string | null]
  assert.equal(signal, 'SIGKILL')
}

/** Comes to the step and never beyond it; its journal is given up. */
const ended: End = async (folder, endpoint, step) => {
  let agent!: Promise<DecisionAgent>
  await new Promise<void>((reached, failed) => {
    const at = (here: string) => {
      if (here !== step) return undefined
      reached()
      return new Promise<void>(() => undefined)
    }
    agent = DecisionAgent.start(folder, endpoint, at)
    agent.catch(failed)
  })
  await (await agent).leave()
}

describe('a decision whose process ends', () => {
  let server: OpcuaServer
  before(async () => {
    server = await OpcuaServer.start([{ name: 'pump1.SpeedSet', value: 1300 }])
  })
  after(() => server.close())

  /** What the node holds when the agent comes back: as it was left, or changed by somebody. */
  const steps: [End, string, 'left' | 'changed', 'confirmed' | 'failed', number][] = [
    [ended, 'before read', 'left', 'confirmed', 600],
    [ended, 'after read', 'left', 'confirmed', 600],
    [ended, 'before intent', 'left', 'confirmed', 600],
    // From here on it is never written again, only read back.
    [ended, 'after intent', 'left', 'failed', 1300],
    [killed, 'after intent', 'left', 'failed', 1300],
    [ended, 'before write', 'left', 'failed', 1300],
    [ended, 'after write', 'left', 'confirmed', 600],
    [killed, 'after write', 'changed', 'failed', 999],
    [ended, 'before confirmed', 'left', 'confirmed', 600],
    [ended, 'before confirmed', 'changed', 'failed', 999],
    [ended, 'after confirmed', 'changed', 'confirmed', 999],
  ]
  for (const [end, step, then, outcome, value] of steps)
    it(`${step}${end === killed ? ', killed,' : ''} is not done twice${then === 'changed' ? ', where somebody has changed the node since' : ''}`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'millwright-decision-'))
      try {
        await server.write({ name: 'pump1.SpeedSet', value: 1300 })
        await end(folder, server.endpoint, step)
        if (then === 'changed') await server.write({ name: 'pump1.SpeedSet', value: 999 })
        const agent = await DecisionAgent.start(folder, server.endpoint)
        const told = await agent.over()
        await agent.stop()
        assert.deepEqual(told.ended.map((one) => one.step), [outcome]) // prettier-ignore
        assert.equal(await server.read('pump1.SpeedSet'), value)
        const { proposed, confirmed, failed } = told.ledger
        assert.deepEqual([proposed, confirmed + failed], [1, 1])
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    })
})
