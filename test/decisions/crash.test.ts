import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ActionLedger, Decision } from '../../agent/decisions/index.ts'
import { OpcuaServer } from '../support/opcua-server.ts'
import { tsx } from '../support/program.ts'

const script = fileURLToPath(new URL('../support/decision-process.ts', import.meta.url))
interface Told {
  readonly ended: readonly Decision[]
  readonly ledger: ActionLedger
}

/** Runs the process; undefined where it was killed at the step. */
async function run(folder: string, endpoint: string, step: string): Promise<Told | undefined> {
  const child = spawn(process.execPath, ['--import', tsx, script, folder, endpoint, step], { stdio: ['ignore', 'pipe', 'inherit'] }) // prettier-ignore
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  if (signal === 'SIGKILL') return undefined
  assert.equal(code, 0, output)
  return JSON.parse(output) as Told
}

describe('a decision whose process is killed', function () {
  let server: OpcuaServer
  before(async () => {
    server = await OpcuaServer.start([{ name: 'pump1.SpeedSet', value: 1300 }])
  })
  after(() => server.close())

  /** What the node holds when the agent comes back: as it was left, or changed by somebody. */
  const steps: [string, 'left' | 'changed', 'confirmed' | 'failed', number][] = [
    ['before read', 'left', 'confirmed', 600],
    ['after read', 'left', 'confirmed', 600],
    ['before intent', 'left', 'confirmed', 600],
    // From here on it is never written again, only read back.
    ['after intent', 'left', 'failed', 1300],
    ['before write', 'left', 'failed', 1300],
    ['after write', 'left', 'confirmed', 600],
    ['after write', 'changed', 'failed', 999],
    ['before confirmed', 'left', 'confirmed', 600],
    ['before confirmed', 'changed', 'failed', 999],
    ['after confirmed', 'changed', 'confirmed', 999],
  ]
  for (const [step, then, outcome, value] of steps)
    it(`${step} is not done twice${then === 'changed' ? ', where somebody has changed the node since' : ''}`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'millwright-decision-'))
      try {
        await server.write({ name: 'pump1.SpeedSet', value: 1300 })
        assert.equal(await run(folder, server.endpoint, step), undefined)
        if (then === 'changed') await server.write({ name: 'pump1.SpeedSet', value: 999 })
        const told = await run(folder, server.endpoint, 'none')
        assert.deepEqual(told!.ended.map((one) => one.step), [outcome]) // prettier-ignore
        assert.equal(await server.read('pump1.SpeedSet'), value)
        const { proposed, confirmed, failed } = told!.ledger
        assert.deepEqual([proposed, confirmed + failed], [1, 1])
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    })
})
