import { execFile } from 'node:child_process'
import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { millwright } from '../cli/millwright.ts'
import { childrenOf } from '../support/children.ts'
import type { Plant } from './plant.ts'
import type { Kind } from './script.ts'
import type { Wire } from './wire.ts'

type End = (() => unknown) | undefined

/** Begins a fault; what ends it, undefined where there was nothing to do. */
export type Inflict = (plant: Plant) => End | Promise<End>

const hour = 3_600_000

export const faults: Readonly<Record<Kind, Inflict>> = {
  'agent killed': async ({ agent }) => {
    await agent.kill()
    return () => agent.start()
  },
  'agent stopped in order': async ({ agent }) => {
    const code = await agent.stop()
    if (code !== 0) throw new Error(`the agent was stopped and ended with ${code}`)
    return () => agent.start()
  },
  'agent held still': still(({ agent }) => agent.pid),
  'child process killed': ({ agent }) => {
    const pid = childrenOf(agent.pid).at(-1)
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
    return pid === undefined ? undefined : () => undefined
  },
  'disk full': async ({ agent, data }) => {
    // A limit on the size of files acts like a full disk, for anybody and in the kernel.
    const limit = (bytes: number | 'unlimited') => promisify(execFile)('prlimit', ['--pid', String(agent.pid), `--fsize=${bytes}:`]) // prettier-ignore
    await limit(statSync(join(data, 'journal', 'data.mdb')).size)
    return () => limit('unlimited')
  },
  'clock an hour forward': clock(() => hour),
  'clock a day back': clock(() => -24 * hour),
  'clock to 1970': clock(() => -Date.now()),
  'configuration reloaded': (plant) => {
    plant.reload()
    return () => undefined
  },
  'back-up taken': async ({ folder, agent }) => {
    const out = join(folder, 'backup.tar.gz')
    const { status, stderr } = await millwright(folder, 'backup', '--config', agent.file, '--out', out, '--force')
    if (status !== 0) throw new Error(`no back-up: ${stderr}`)
    rmSync(out)
    return () => undefined
  },
  'training asked for': async ({ agent }) => {
    // Refused where one is under way, or there is not enough to learn from yet.
    await (await agent.post('/api/models/health/retrain', { by: 'chaos' })).text()
    return () => undefined
  },
  'broker killed': async (plant) => {
    await plant.killBroker()
    return async () => {
      await plant.broker.start()
      plant.line.go()
    }
  },
  'broker held still': still(({ broker }) => broker.pid!),
  'broker cut off': wire(({ wires }) => wires.broker, 'cut off'),
  'broker reset in mid-message': reset(({ wires }) => wires.broker),
  'broker stalled': wire(({ wires }) => wires.broker, 'stalled'),
  'broker slowed': wire(({ wires }) => wires.broker, 'slowed'),
  'database killed': async ({ database }) => {
    await database.kill()
    return () => database.restart()
  },
  'database held still': ({ database }) => {
    database.freeze()
    return () => database.resume()
  },
  'database cut off': wire(({ wires }) => wires.database, 'cut off'),
  'database reset in mid-message': reset(({ wires }) => wires.database),
  'database stalled': wire(({ wires }) => wires.database, 'stalled'),
  'database slowed': wire(({ wires }) => wires.database, 'slowed'),
  'PLC killed': async ({ plc, line }) => {
    line.hasPlc = false
    await plc.kill()
    return async () => {
      await plc.launch()
      line.hasPlc = true
    }
  },
  'PLC held still': still(({ plc }) => plc.pid),
  'PLC cut off': wire(({ wires }) => wires.plc, 'cut off'),
  'PLC reset in mid-message': reset(({ wires }) => wires.plc),
  'PLC stalled': wire(({ wires }) => wires.plc, 'stalled'),
  'PLC slowed': wire(({ wires }) => wires.plc, 'slowed'),
  'ten times the load': ({ line }) => {
    line.load = 10
    return () => (line.load = 1)
  },
}

function still(pidOf: (plant: Plant) => number): Inflict {
  return (plant) => {
    const pid = pidOf(plant)
    process.kill(pid, 'SIGSTOP')
    return () => process.kill(pid, 'SIGCONT')
  }
}

function clock(off: () => number): Inflict {
  return (plant) => {
    plant.setClock(off())
    return () => plant.setClock(0)
  }
}

function wire(of: (plant: Plant) => Wire, condition: 'cut off' | 'stalled' | 'slowed'): Inflict {
  return (plant) => {
    of(plant).condition = condition
    return () => (of(plant).condition = 'sound')
  }
}

function reset(of: (plant: Plant) => Wire): Inflict {
  return (plant) => {
    of(plant).reset()
    return () => undefined
  }
}
