import assert from 'node:assert/strict'
import { bad, configOf, decide, Run, Script } from './bench.ts'

const write = 'do: { write: { connector: plc, node: "ns=2;s={asset}.SpeedSet", value: 600 } }'
const slow = (more: string, condition = 'signal("speed") > 1200') => `  slow:
    for_each: pump
    when: ${condition}
    ${write}
    ${more.split('\n').join('\n    ')}
`
const id = (seconds: number, pump = 'line1/pump1', action = 'slow') => `${action}/${pump}/${new Date(Date.UTC(2026, 0, 1) + seconds * 1_000).toISOString()}` // prettier-ignore

describe('decisions', () => {
  it('are proposed once while the condition holds, and again after it was over', async () => {
    const script = new Script().rows(0, { speed: 1000 }).rows(1, { speed: 1300 }).rows(2, { speed: 1400 })
    script.rows(3, { speed: 1100 }).rows(4, { speed: 1300 }).rows(5, { speed: 1300 }, { pump: 'line1/pump2' })
    const { told, events } = await decide(slow('mode: propose'), script)
    assert.deepEqual(told, ['1 slow proposed', '4 slow proposed', '4 slow blocked open', '5 slow proposed'])
    assert.deepEqual(events[0].why, [{ what: 'signal("speed")', value: 1300 }])
    assert.equal(events[0].id, id(1))
    assert.equal(events[3].asset, 'line1/pump2')
  })

  it('come when the condition has held for as long as it must, without a break', async () => {
    const script = new Script().rows(0, { speed: 1300 }).rows(5, { speed: 1300 }).rows(9, { speed: 1100 })
    for (let at = 10; at <= 21; at++) script.rows(at, { speed: 1300 })
    assert.deepEqual((await decide(slow('for: 10s'), script)).told, ['20 slow proposed'])
  })

  it('see a break within a batch', async () => {
    const script = new Script().rows(0, { speed: 1300 })
    script.rows(8, { speed: 1300 }, { arrival: 9, also: [[8.5, { speed: 1000 }], [8.9, { speed: 1300 }]] }) // prettier-ignore
    for (let at = 10; at <= 20; at++) script.rows(at, { speed: 1300 })
    // Once more than it must: what does not hold yet is looked at every second only.
    assert.deepEqual((await decide(slow('for: 10s'), script)).told, ['20 slow proposed'])
  })

  it('are not made of what comes too late, is bad, old, missing or of another kind', async () => {
    const older = new Script().rows(10, { speed: 1000 }).rows(5, { speed: 1300 }, { arrival: 11 })
    assert.deepEqual((await decide(slow(''), older)).told, [])
    const wrong = new Script().rows(1, { speed: bad }).rows(2, { speed: NaN }).rows(3, { other: 1300 })
    assert.deepEqual((await decide(slow(''), wrong)).told, [])
    const stale = new Script().rows(0, { speed: 1300 })
    for (let at = 1; at <= 100; at++) stale.tick(at)
    assert.deepEqual((await decide(slow('for: 50s\nfresh: 20s'), stale)).told, [])
    const behind = new Script().rows(0, { speed: 1300 }, { arrival: 3_600 })
    const { told, engine } = await decide(slow(''), behind)
    assert.deepEqual(told, [])
    assert.match(String([...engine.instances][0].last), /speed is 1 h old, more than 1 min/)
  })

  it('hold what comes by change as long as its source says anything', async () => {
    const script = new Script('change').rows(0, { mode: 'auto', speed: 1000 })
    for (let at = 10; at <= 100; at += 10) script.rows(at, { speed: 1000 + at })
    script.rows(101, { speed: 1300 })
    const alive = await decide(slow('fresh: 20s', 'signal("speed") > 1200 && signal("mode") == "auto"'), script)
    assert.deepEqual(alive.told, ['101 slow proposed'])
  })

  it('wait for approval, once, and not beyond its time', async () => {
    const script = new Script().rows(0, { speed: 1300 }).order(5, 'approve', id(0)).order(6, 'approve', id(0), 'joe')
    script.executed(7, id(0), { previous: 1300 }).order(8, 'approve', id(0)).order(9, 'refuse', id(0))
    const { told, events } = await decide(slow(''), script)
    assert.deepEqual(told, ['0 slow proposed', '5 slow approved', '5 slow due', '7 slow intended', '7.1 slow confirmed']) // prettier-ignore
    assert.equal(events[1].by, 'mei')
    const late = new Script().rows(0, { speed: 1300 }).order(61, 'approve', id(0))
    assert.deepEqual((await decide(slow('approval: { within: 1m }'), late)).told, [
      '0 slow proposed',
      '61 slow expired',
    ])
    const refused = new Script().rows(0, { speed: 1300 }).order(5, 'refuse', id(0)).order(6, 'approve', id(0))
    assert.deepEqual((await decide(slow(''), refused)).told, ['0 slow proposed', '5 slow refused'])
  })

  const guarded: [string, string, (script: Script) => Script, string[]][] = [
    ['interlock that is false', 'mode: armed\ninterlock: signal("mode") == "auto"', (script) => script.rows(0, { mode: 'manual' }).rows(1, { speed: 1300 }), ['1 slow proposed', '1 slow blocked interlock']], // prettier-ignore
    ['interlock that is not known', 'mode: armed\ninterlock: signal("mode") == "auto"', (script) => script.rows(1, { speed: 1300 }), ['1 slow proposed', '1 slow blocked interlock']], // prettier-ignore
    ['interlock by old data', 'mode: armed\nfresh: 10s\ninterlock: signal("mode") == "auto"', (script) => script.rows(0, { mode: 'auto' }).rows(11, { speed: 1300 }), ['11 slow proposed', '11 slow blocked interlock']], // prettier-ignore
    ['interlock that holds', 'mode: armed\ninterlock: signal("mode") == "auto"', (script) => script.rows(0, { mode: 'auto' }).rows(1, { speed: 1300 }), ['1 slow proposed', '1 slow due']], // prettier-ignore
    ['stop', 'mode: armed', (script) => script.order(0, 'stop').rows(1, { speed: 1300 }).rows(2, { speed: 1 }).order(3, 'resume').rows(4, { speed: 1300 }), ['1 slow proposed', '1 slow blocked stop', '4 slow proposed', '4 slow due']], // prettier-ignore
    ['stop between approval and execution', '', (script) => script.rows(1, { speed: 1300 }).order(2, 'approve', id(1)).order(3, 'stop'), ['1 slow proposed', '2 slow approved', '2 slow due', '3 slow blocked stop']], // prettier-ignore
    ['rate', 'mode: armed\nat_most: 1 per 10m', (script) => script.rows(1, { speed: 1300 }).executed(2, id(1)).rows(3, { speed: 1 }).rows(4, { speed: 1300 }).rows(5, { speed: 1 }).rows(602, { speed: 1300 }), ['1 slow proposed', '1 slow due', '2 slow intended', '2.1 slow confirmed', '4 slow proposed', '4 slow blocked at_most', '602 slow proposed', '602 slow due']], // prettier-ignore
    ['dry-run', 'mode: dry-run', (script) => script.rows(1, { speed: 1300 }), ['1 slow proposed', '1 slow rehearsed']],
    ['off', 'mode: off', (script) => script.rows(1, { speed: 1300 }), []],
    ['within', 'mode: armed\nwithin: 5s', (script) => script.rows(1, { speed: 1300 }).tick(8), ['1 slow proposed', '1 slow due', '8 slow expired']], // prettier-ignore
    ['an asset whose name means something else in an address', 'mode: armed', (script) => script.rows(1, { speed: 1300 }, { pump: 'line1/pump1;i=5' }), ['1 slow proposed', '1 slow blocked target']], // prettier-ignore
  ]
  for (const [what, more, make, expected] of guarded)
    it(`heed: ${what}`, async () => assert.deepEqual((await decide(slow(more), make(new Script()))).told, expected))

  it('write no value that is unknown, infinite or beyond the limits', async () => {
    const action = (value: string) => `  slow:
    for_each: pump
    when: signal("speed") > 1200
    do: { write: { connector: plc, node: "ns=2;s=A", value: ${value} } }
    mode: armed
    limits: { min: 600, max: 1800 }
`
    const cases: [string, string, RegExp][] = [
      ['signal("set") * 0.8', 'value', /nothing came of set yet/],
      ['signal("speed") / signal("zero")', 'value', /divides by zero/],
      ['signal("speed") * 2', 'limits', /2600 is above 1800/],
      ['signal("speed") - 1000', 'limits', /300 is below 600/],
      ['signal("speed") > 1', 'limits', /true is no number/],
    ]
    for (const [value, guard, words] of cases) {
      const { told, events } = await decide(action(value), new Script().rows(0, { zero: 0 }).rows(1, { speed: 1300 }))
      assert.deepEqual(told, ['1 slow proposed', `1 slow blocked ${guard}`], value)
      assert.match(events[1].detail, words)
    }
    const fine = await decide(action('signal("speed") * 0.8'), new Script().rows(1, { speed: 1300 }))
    assert.deepEqual([fine.told, fine.events[1].value], [['1 slow proposed', '1 slow due'], 1040])
  })

  it('are taken back after a while, to what was there before, and not while all is stopped', async () => {
    const script = new Script().rows(0, { speed: 1300 }).executed(1, id(0), { previous: 1250 }).order(30, 'stop')
    script.tick(62).tick(70).order(80, 'resume').tick(81)
    const { told, events } = await decide(slow('mode: armed\nrevert: { after: 1m, to: previous }'), script)
    assert.deepEqual(told.slice(-2), ['80 slow revert proposed', '80 slow revert due'])
    assert.equal(events.at(-1)?.value, 1250)
  })

  const occasions: [string, (script: Script) => Script, boolean][] = [
    ['stop', (script) => script.order(10, 'stop'), true],
    ['restart', (script) => script.event(10, { type: 'restart' }), true],
    ['loss', (script) => script.rows(10, { speed: bad }).tick(40).tick(75), true],
    ['nothing', (script) => script.rows(10, { speed: 1000 }).tick(40), false],
  ]
  for (const [occasion, make, goes] of occasions)
    it(`${goes ? 'go' : 'do not go'} to the safe value on ${occasion}`, async () => {
      const script = make(new Script().rows(0, { speed: 1300 }).executed(1, id(0), { previous: 1250 }))
      const { told, events } = await decide(slow('mode: armed\nsafe: { value: 900 }'), script)
      assert.equal(told.some((one) => one.endsWith('safe due')), goes, told.join('\n')) // prettier-ignore
      if (goes) assert.equal(events.at(-1)?.value, 900)
    })

  it('set states that others read', async () => {
    const actions = `  hot: { for_each: pump, when: signal("speed") > 1200, do: { set: { state: mode, value: hot } }, mode: armed }
  told: { for_each: pump, when: 'state("mode") == "hot"', do: { publish: { connector: broker, topic: "alarm/{2}" } }, mode: armed }
`
    const { told, events } = await decide(actions, new Script().rows(1, { speed: 1300 }).tick(2))
    assert.deepEqual(told, ['1 hot proposed', '1 hot confirmed', '2 told proposed', '2 told due'])
    assert.equal(events.length, 4)
  })

  it('do not run in circles where two set what the other reads', async () => {
    const actions = `  a: { for_each: pump, when: 'state("m") == ""', do: { set: { state: m, value: x } }, mode: armed }
  b: { for_each: pump, when: 'state("m") == "x"', do: { set: { state: m, value: "" } }, mode: armed }
`
    const { told } = await decide(actions, new Script().rows(1, { speed: 1 }).tick(2).tick(3))
    assert.equal(told.filter((one) => one.endsWith('confirmed')).length, 2)
  })

  it('know hours and days of the place', async () => {
    const action = (zone: string) => slow(`timezone: ${zone}`, 'signal("speed") > 1 && hour() == 8 && weekday() == 4')
    const script = () => new Script().rows(60, { speed: 1300 })
    assert.equal((await decide(action('Asia/Shanghai'), script())).told.length, 1)
    assert.equal((await decide(action('UTC'), script())).told.length, 0)
  })

  it('add up', async () => {
    const script = new Script()
    for (let at = 0; at < 400; at += 4) {
      script.rows(at, { speed: 1300 })
      if (at % 3 === 0) script.order(at + 1, 'approve', id(at))
      if (at % 12 === 0) script.executed(at + 2, id(at), {}, at % 24 === 0 ? 'confirmed' : 'failed')
      if (at % 5 === 0) script.order(at + 1, 'refuse', id(at))
      if (at % 28 === 0) script.order(at + 1, at % 56 === 0 ? 'stop' : 'resume')
      script.rows(at + 3, { speed: 1 })
    }
    const { engine, events } = await decide(slow('at_most: 5 per 1m\napproval: { within: 20s }'), script)
    const { proposed, open, refused, expired, blocked, rehearsed, confirmed, failed, unknown } = engine.ledger().slow
    const held = Object.values(blocked).reduce((sum, count) => sum + count, 0)
    assert.equal(proposed, 100)
    assert.equal(proposed, open + refused + expired + held + rehearsed + confirmed + failed + unknown)
    for (const count of [refused, expired, held, confirmed, failed]) assert.ok(count > 0)
    const count = (step: string) => events.filter((event) => event.step === step).length
    assert.deepEqual([proposed, refused, expired, held, confirmed, failed], ['proposed', 'refused', 'expired', 'blocked', 'confirmed', 'failed'].map(count)) // prettier-ignore
  })

  it('are the same however the journal is cut, and after any checkpoint', async () => {
    const script = new Script()
    for (let at = 0; at < 200; at++) {
      script.rows(at, { speed: 1000 + 500 * Math.sin(at / 7), mode: at % 50 < 40 ? 'auto' : 'manual' })
      if (at % 9 === 0) script.rows(at, { speed: 1250 }, { pump: `line1/pump${at % 4}` })
      if (at === 100) script.event(at, { type: 'clock', step: -30_000 })
    }
    const actions = `${slow('mode: armed\nfor: 3s\ninterlock: signal("mode") == "auto"\nfresh: 15s\nat_most: 3 per 1m')}${slow('for: 2s\napproval: { within: 30s }').replace('  slow:', '  other:')}`
    const config = configOf(actions)
    const whole = await new Run(config, script).over(script.entries)
    assert.ok(whole.events.length > 20)
    for (const size of [3, 64]) assert.deepEqual((await new Run(config, script).over(script.entries, size)).events, whole.events) // prettier-ignore
    for (const cut of [1, 37, 111, 150]) {
      const first = await new Run(config, script).over(script.entries.slice(0, cut))
      const second = await new Run(config, script, await first.save()).over(script.entries.slice(cut))
      assert.deepEqual([...first.events, ...second.events], whole.events)
      assert.deepEqual(second.engine.ledger(), whole.engine.ledger())
    }
  })

  it('do not carry out under other settings what was proposed under these', async () => {
    const script = new Script().rows(0, { speed: 1300 })
    const first = await new Run(configOf(slow('')), script).over(script.entries)
    script.order(1, 'approve', id(0))
    const second = await new Run(configOf(slow('limits: { max: 1000 }')), script, await first.save()).over(script.entries.slice(1)) // prettier-ignore
    assert.deepEqual(second.told, ['0 slow expired', '1 slow proposed'])
  })
})
