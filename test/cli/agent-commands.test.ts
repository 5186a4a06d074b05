import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { alarm, setUp, state, token } from '../http/fake-agent.ts'
import { millwright } from './millwright.ts'
import { frame } from '../../agent/cli/top.ts'
import { plain } from '../../agent/cli/output.ts'
import { stateText } from '../../agent/cli/status-view.ts'
import type { Listening } from '../../agent/http/index.ts'
import type { AgentState, AlarmView } from '../../agent/view/index.ts'

const open: AlarmView = {
  id: alarm,
  asset: 'line1/pump2',
  monitor: 'pump-health',
  state: 'raised',
  raised: 1_764_000_000_000,
  score: 9,
  threshold: 3,
  contributions: { vibration: 3, flow: 1 },
}

describe('commands that ask the running agent', function () {
  const { agent, http } = setUp({ port: 0 })
  let folder: string
  let listening: Listening

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millwright-ask-'))
    listening = await http.listen()
    writeFileSync(join(folder, 'token'), token)
    const { port } = new URL(listening.url)
    writeFileSync(
      join(folder, 'plant.yaml'),
      `site: test\nhttp: { port: ${port} }\nconnectors: { a: { type: mqtt, url: "\${NOWHERE}" } }\n`,
    )
  })
  after(async () => {
    await listening.close()
    rmSync(folder, { recursive: true, force: true })
  })
  beforeEach(() => {
    agent.current = { ...state, alarms: [open] }
    agent.calls.length = 0
  })

  it('status: finds the agent by its configuration, whose secrets it does not need', async () => {
    const { status, stdout, stderr } = await millwright(folder, 'status', '--config', 'plant.yaml')
    assert.equal(status, 0, stderr)
    assert.match(stdout, /test-site.*ready/)
    assert.match(stdout, /plc +opcua source +up +connected/)
    assert.match(stdout, /history +10 results +7 delivered/)
  })

  it('status: exits with 1 where the agent is not ready', async () => {
    agent.current = { ...state, ready: { ok: false, reasons: ['no source is connected'] } }
    const { status, stdout } = await millwright(folder, 'status', '--url', listening.url, '--json')
    assert.equal(status, 1)
    assert.deepEqual((JSON.parse(stdout) as { state: AgentState }).state.ready.reasons, ['no source is connected'])
  })

  it('status --health: asks where the configuration says, or its defaults', async () => {
    const health = await millwright(folder, 'status', '--health', '--url', listening.url)
    assert.equal(health.status, 0, health.stderr)
    assert.match(health.stdout, /The agent works/)
    writeFileSync(join(folder, 'elsewhere.yaml'), 'http: { port: 1 }\n')
    const elsewhere = await millwright(folder, 'status', '--health', '--config', 'elsewhere.yaml')
    assert.equal(elsewhere.status, 1)
    assert.match(elsewhere.stderr, /no agent answers at http:\/\/127\.0\.0\.1:1\b/)
  })

  it('alarms: lists, acknowledges by a part of the id, and shelves with the token', async () => {
    const list = await millwright(folder, 'alarms', '--url', listening.url)
    assert.match(list.stdout, /raised +pump-health\/line1\/pump2\/\S+ +9 of 3 +vibration 75 %, flow 25 %/)
    const by = ['--url', listening.url, '--token-file', 'token', '--by', 'Mei']
    const acked = await millwright(folder, 'alarms', 'ack', 'pump2', ...by)
    assert.equal(acked.status, 0, acked.stderr)
    assert.equal(
      (await millwright(folder, 'alarms', 'shelve', 'pump2', '--for', '8h', '--reason', 'known', ...by)).status,
      0,
    )
    assert.deepEqual(agent.calls, [
      ['acknowledge', { alarm, by: 'Mei' }],
      ['shelve', { alarm, by: 'Mei', reason: 'known', duration: 8 * 3_600_000 }],
    ])
  })

  it('alarms: without the token nothing changes, and it says which file is meant', async () => {
    const { status, stderr } = await millwright(folder, 'alarms', 'ack', 'pump2', '--url', listening.url)
    assert.equal(status, 1)
    assert.match(stderr, /data.http-token/)
    assert.deepEqual(agent.calls, [])
  })

  it('alarms: one that is not there is told with those that are', async () => {
    const { status, stderr } = await millwright(folder, 'alarms', 'ack', 'pump9', '--url', listening.url)
    assert.equal(status, 1)
    assert.match(stderr, /no open alarm has pump9 in its id/)
    assert.match(stderr, new RegExp(`There are: ${alarm}`))
  })

  it('top: needs a terminal, and is a stream of states for programs', async () => {
    const refused = await millwright(folder, 'top', '--url', listening.url)
    assert.equal(refused.status, 2)
    assert.match(refused.stderr, /top needs a terminal/)
  })

  it('top: no frame is larger than the terminal', () => {
    const assets = Array.from({ length: 50 }, (_, index) => ({
      ...{ name: `line1/pump${index}`, className: 'pump', monitors: [] },
      tags: [{ role: 'speed', tag: 'speed', value: 12.3456789, quality: 0 as const, time: state.time }],
    }))
    const text = stateText({ ...state, assets, alarms: [open] })
    const lines = frame(text, 40, 12).split('\r\n')
    assert.equal(lines.length, 12)
    for (const line of lines) assert.ok(Array.from(plain(line)).length <= 40, line)
    assert.match(lines[11], /more lines/)
  })

  it('control characters from the plant do not reach the terminal', () => {
    const text = stateText({
      ...state,
      connections: [{ ...state.connections[0], status: { state: 'up', message: 'a\x1b[2Jb' } }],
    })
    assert.doesNotMatch(text, /\x1b\[2J/)
  })

  it('no agent, and something that is none, are told apart', async () => {
    const nobody = await millwright(folder, 'status', '--url', 'http://127.0.0.1:1', '--json')
    assert.equal(nobody.status, 1)
    assert.equal((JSON.parse(nobody.stderr) as { error: { code: string } }).error.code, 'AGENT_UNREACHABLE')
    const other = await millwright(folder, 'status', '--url', `${listening.url}/nothing-here`)
    assert.equal(other.status, 1)
  })

  it('completion: completes commands, options and files in bash', async () => {
    const script = (await millwright(folder, 'completion', 'bash')).stdout
    const complete = (line: string) => {
      const words = line.split(' ')
      const set = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}`
      return bash(`${script}\n${set}\n_millwright\nprintf '%s\\n' "\${COMPREPLY[@]}"`, folder)
    }
    assert.deepEqual(await complete('millwright al'), ['alarms'])
    assert.deepEqual(await complete('millwright alarms --url x sh'), ['shelve'])
    assert.deepEqual((await complete('millwright journal export ')).slice(0, 2), ['samples', 'cleaned'])
    assert.deepEqual(await complete('millwright journal export samples --fo'), ['--format'])
    assert.deepEqual(await complete('millwright check --config pl'), ['plant.yaml'])
  })

  it('completion: knows every command for zsh and fish', async () => {
    for (const shell of ['zsh', 'fish']) {
      const { stdout, status } = await millwright(folder, 'completion', shell)
      assert.equal(status, 0)
      for (const word of ['demo', 'init', 'doctor', 'shelve', 'verify', '--json'])
        assert.ok(stdout.includes(word.replace(/^--/, '')), word)
    }
    assert.equal((await millwright(folder, 'completion', 'csh')).status, 2)
  })

  it('version: for people and for programs', async () => {
    const { stdout } = await millwright(folder, 'version', '--json')
    const report = JSON.parse(stdout) as { node: string; libraries: Record<string, string> }
    assert.equal(report.node, process.versions.node)
    assert.match(report.libraries.lmdb, /^\d+\.\d+\.\d+$/)
  })
})

function bash(script: string, cwd: string): Promise<string[]> {
  const child = spawn('bash', ['--norc', '-c', script], { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part))
  return new Promise((resolve) => child.on('close', () => resolve(text.trim().split('\n'))))
}
