import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createNotifier, type NotifierOptions } from '../../agent/process/notify.ts'
import { until } from '../support/until.ts'

describe('notify', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-notify-'))
  const messages = join(folder, 'messages')
  const warnings: string[] = []
  const silent = () => undefined
  const log = {
    debug: silent,
    info: silent,
    error: silent,
    warn: (_: object, message: string) => warnings.push(message),
  }

  /** Stands in for systemd-notify: writes down what it was to send. */
  before(() => {
    const script = join(folder, 'systemd-notify')
    writeFileSync(script, `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> '${messages}'\n`)
    chmodSync(script, 0o755)
  })

  beforeEach(() => {
    writeFileSync(messages, '')
    warnings.length = 0
  })

  after(() => rmSync(folder, { recursive: true }))

  const sent = () => readFileSync(messages, 'utf8').split('\n').slice(0, -1)
  const unit = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
    PATH: `${folder}${delimiter}${process.env.PATH!}`,
    NOTIFY_SOCKET: '/run/systemd/notify',
    ...more,
  })
  const notifier = (env: NodeJS.ProcessEnv, healthy: NotifierOptions['healthy'] = () => true) =>
    createNotifier({ env, log, healthy })

  it('says in order that the agent is ready and that it stops', async () => {
    const one = notifier(unit())
    const ready = one.ready('running')
    await Promise.all([ready, one.stopping()])
    assert.deepEqual(sent(), ['/run/systemd/notify READY=1 STATUS=running', '/run/systemd/notify STOPPING=1'])
  })

  it('gives signs of life while the agent is healthy, and none while it is not', async () => {
    let healthy = true
    const one = notifier(unit({ WATCHDOG_USEC: '20000', WATCHDOG_PID: String(process.pid) }), () => healthy)
    await one.ready('running')
    const lives = () => sent().filter((message) => message.endsWith('WATCHDOG=1')).length
    await until('three signs of life', () => lives() >= 3)
    healthy = false
    // What was under way arrives before the next message does.
    await one.ready('again')
    const before = lives()
    await one.stopping()
    assert.equal(lives(), before)
  })

  it('leaves the watchdog alone where it watches another process', async () => {
    const one = notifier(unit({ WATCHDOG_USEC: '1000', WATCHDOG_PID: '1' }), () => assert.fail('nobody may ask'))
    await one.ready('running')
    await one.stopping()
    assert.equal(sent().length, 2)
  })

  it('does nothing where no unit asks', async () => {
    const one = notifier({ PATH: unit().PATH })
    await one.ready('running')
    await one.stopping()
    assert.deepEqual(sent(), [])
  })

  it('says once what to do where systemd-notify is missing, and goes on', async () => {
    const one = notifier(unit({ PATH: '/nowhere' }))
    await one.ready('running')
    await one.stopping()
    assert.equal(warnings.length, 1)
    assert.match(warnings[0], /READY=1.*systemd-notify/)
  })
})
