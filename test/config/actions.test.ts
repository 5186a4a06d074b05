import assert from 'node:assert/strict'
import { parseConfig } from '../../config/index.ts'
import { ConfigError } from '../../agent/core/index.ts'
import { schema } from '../../agent/settings/index.ts'

const head = `connectors:
  plc: { type: opcua, endpoint: "opc.tcp://127.0.0.1:4840", tags: [ { node: "ns=2;s=A", tag: line1/pump1/speed }, { node: "ns=2;s=B", tag: line1/pump1/mode } ] }
  broker: { type: mqtt, url: "mqtt://127.0.0.1", publish: {} }
assets: { pump: { tags: "{line}/pump{n}/{role}" } }
monitors: { health: { assets: pump, window: 10s, every: 2s } }
actions:
`
const parse = (actions: string) => parseConfig(head + actions, { schema, env: {} })
const problemsOf = (actions: string): string[] => {
  try {
    parse(actions)
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.problems.map(({ line = 0, column = 0, path, message }) => `${line}:${column} ${path}: ${message}`)
  }
}

describe('the configuration of actions', () => {
  it('takes an action with every guard, and proposes unless it says otherwise', () => {
    const { actions } = parse(`  spare:
    for_each: pump
    when: prediction("health").score > 2.0 && signal("speed") > 1200.0
    for: 2m
    do: { write: { connector: plc, node: "ns=2;s={asset}.SpeedSet", value: signal("speed") * 0.8 } }
    limits: { min: 600, max: 1800, step: 300 }
    interlock: signal("mode") == "auto"
    fresh: 10s
    at_most: 1 per 4h
    approval: { by: operator, within: 15m }
    revert: { after: 8h, to: previous }
    safe: { value: 700, on: [stop] }
`)
    const { mode, for: length, at_most, revert, within } = actions.spare
    assert.deepEqual({ mode, length, at_most, revert, within }, { mode: 'propose', length: 120_000, at_most: { count: 1, per: 14_400_000 }, revert: { after: 28_800_000, to: 'previous' }, within: 30_000 }) // prettier-ignore
  })

  const wrong: [string, string, readonly RegExp[]][] = [
    ['all problems of an expression, each at its place', `  a:
    for_each: pump
    when: >-
      signal("sped") > 3 &&
      nope("x") && alarm("helth") == "raised"
    do: { set: { state: slow, value: x } }
`, [/^10:7 actions.a.when: no pump has a signal "sped"; known: speed, mode/, /^11:7 .*no function nope/, /^11:20 .*no such monitor "helth"; known: health/]], // prettier-ignore
    ['an unknown connector, or one of another type', `  a: { when: "true", do: { write: { connector: broker, node: "ns=2;s=A", value: 1 } } }
  b: { when: "true", do: { publish: { connector: plc, topic: t } } }
`, [/^7:.*no such opcua connector "broker"; known: plc/, /^8:.*no such mqtt connector "plc"; known: broker/]], // prettier-ignore
    ['names of the plant where it is for no class', `  a: { when: 'signal("speed") > 1', do: { publish: { connector: broker, topic: "x/{asset}" } } }
  b: { when: 'alarm("health") == "raised"', do: { set: { state: s, value: x } } }
  c: { when: 'feature("health", "speed.mean") > 1.0', do: { set: { state: s, value: x } } }
`, [/no such tag "speed"; known: line1\/pump1\/speed/, /\{asset\} has nothing to stand for/, /alarm\("health"\) needs an asset/, /feature\(\) is of an asset/]], // prettier-ignore
    ['states that nothing sets, stations and features that are not there', `  a: { for_each: pump, when: 'state("x") == "" || verdict("weld").verdict == "fail" || feature("health", "speed.nope") > 1.0', do: { set: { state: s, value: x } } }
`, [/no such state "x"; known: s/, /no such station "weld"; there is none/, /no such feature "speed.nope"; expected ROLE.FEATURE/]], // prettier-ignore
    ['limits that fight, and fixed values beyond them', `  a: { when: "true", limits: { min: 5, max: 2 }, do: { write: { connector: plc, node: i=1, value: signal("line1/pump1/speed") } } }
  b: { when: "true", limits: { max: 2 }, do: { write: { connector: plc, node: i=1, value: 3 } } }
  c: { when: "true", limits: { max: 2 }, safe: { value: 9 }, do: { write: { connector: plc, node: i=1, value: 1 } } }
`, [/min 5 is above max 2/, /3 is beyond the limits/, /safe: 9 is beyond/]], // prettier-ignore
    ['two things to do, nothing to do, a rate that is none', `  a: { when: "true", do: { set: { state: s, value: x }, publish: { connector: broker, topic: t } } }
  b: { when: "true", do: {} }
  c: { when: "true", at_most: 3 in 1h, do: { set: { state: s, value: x } } }
`, [/give one of write, call/, /give one of write, call/, /expected "1 per 10m", not "3 in 1h"/]], // prettier-ignore
    ['reverts and safe values of what is not written', `  a: { when: "true", revert: { after: 1h, to: previous }, safe: { value: 1 }, do: { set: { state: s, value: x } } }
`, [/only what is written can be taken back/, /only a node has a safe value/]], // prettier-ignore
    ['a condition that is 100 kB long', `  a: { when: "${'true && '.repeat(12_500)}true", do: { set: { state: s, value: x } } }
`, [/100004 characters long; 4000 are allowed/]], // prettier-ignore
  ]
  for (const [what, text, expected] of wrong)
    it(`finds ${what}`, () => {
      const found = problemsOf(text)
      assert.equal(found.length, expected.length, found.join('\n'))
      for (const words of expected) assert.ok(found.some((one) => words.test(one)), `${words} in\n${found.join('\n')}`) // prettier-ignore
    })
})
