import assert from 'node:assert/strict'
import { carryOver, fingerprints } from '../../agent/pipeline/carry-over.ts'
import { changesBetween, changesText } from '../../agent/runtime/changes.ts'
import { parseConfig } from '../../config/index.ts'
import { schema } from '../../agent/settings/schema.ts'

const config = (text: string, env: NodeJS.ProcessEnv = {}) => parseConfig(text, { schema, env })

const plant = (
  more: { clean?: string; pump?: string; window?: string; learn?: string; password?: string; port?: number; limit?: number; server?: string } = {}, // prettier-ignore
) => `
http: { port: ${more.port ?? 8080} }
connectors:
  a: { type: mqtt, url: "mqtt://a", topics: [{ filter: "#" }], username: u, password: ${more.password ?? 'one'} }
  b: { type: mqtt, url: "mqtt://b", topics: [{ filter: "#" }] }
  plc: { type: opcua, endpoint: "opc.tcp://${more.server ?? 'one'}:4840", tags: [{ node: "ns=2;s=x", tag: x }] }
clean: [${more.clean ?? 'deduplicate'}]
assets: { pump: { tags: "${more.pump ?? '{line}/pump{n}/{role}'}" }, press: { tags: "{line}/press{n}/{role}" } }
monitors:
  pumps: { assets: pump, window: ${more.window ?? '60s'}, learn: { after: ${more.learn ?? '2h'} } }
  presses: { assets: press }
${more.limit === 0 ? '' : `inspections: { screw: { values: { t: { tag: x, max: ${more.limit ?? 1} } }, reject: { connector: plc, node: "ns=2;s=r" } } }`}
`

describe('changes of a configuration', () => {
  const rows: [string, Parameters<typeof plant>[0], string[]][] = [
    ['none', {}, []],
    ['a password', { password: 'two' }, ['connector a restarted']],
    ['a window', { window: '30s' }, ['monitors.pumps changed']],
    ['cleaning', { clean: 'despike' }, ['clean changed']],
    ['a limit of a station', { limit: 9 }, ['station screw restarted']],
    ['a station less', { limit: 0 }, ['station screw stopped']],
    ['the server of a PLC that a station writes to', { server: 'two' }, ['connector plc restarted', 'station screw restarted']], // prettier-ignore
    ['a port', { port: 1 }, ['http takes effect at the next start']],
  ]
  for (const [what, change, expected] of rows)
    it(what, () => assert.deepEqual(changesText(changesBetween(config(plant()), config(plant(change)))), expected))
})

describe('state carried over', () => {
  const states = {
    'clean/1-deduplicate/x': 1,
    'monitors/pumps/window': 2,
    'monitors/pumps/pumps/1-despike/x': 3,
    'monitors/presses/window': 4,
    'stations/screw': 5,
  }
  const saved = { states, located: { pump: [0], press: [1] }, made: fingerprints(config(plant())) }
  const rows: [string, Parameters<typeof plant>[0], string[], string[]][] = [
    ['all of it, where nothing differs', {}, Object.keys(states), ['pump', 'press']],
    ['all of it, where only learning differs', { learn: '1d' }, Object.keys(states), ['pump', 'press']],
    [
      'not that of a monitor with another window',
      { window: '30s' },
      ['clean/1-deduplicate/x', 'monitors/presses/window', 'stations/screw'],
      ['pump', 'press'],
    ],
    [
      'not that of a class with another pattern, nor of its monitors',
      { pump: 'x/pump{n}/{role}' },
      ['clean/1-deduplicate/x', 'monitors/presses/window', 'stations/screw'],
      ['press'],
    ],
    [
      'nothing of the signals, where the common cleaning differs',
      { clean: 'despike' },
      ['stations/screw'],
      ['pump', 'press'],
    ],
  ]
  for (const [what, change, kept, located] of rows)
    it(what, () => {
      const carried = carryOver(saved, config(plant(change)))!
      assert.deepEqual(Object.keys(carried.states), kept)
      assert.deepEqual(Object.keys(carried.located), located)
    })
})
