import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { z } from 'zod'
import { ConfigError, Secret, defineConnector, defineOperator, duration, secret } from '../../agent/core/index.ts'
import { configSchema, jsonSchema, loadConfig, parseConfig } from '../../config/index.ts'

const mqtt = defineConnector({
  type: 'mqtt',
  config: z.strictObject({
    url: z.url(),
    password: secret.optional(),
    topics: z.array(z.strictObject({ filter: z.string() })).default([]),
  }),
})
const despike = defineOperator({
  type: 'despike',
  config: z.strictObject({ window: z.number().default(7) }),
  create: () => (batches) => batches,
})
const schema = configSchema({
  connectors: [mqtt],
  operators: [despike],
  journal: z.strictObject({}).prefault({}),
  model: z.string().default('anomaly'),
  station: z.strictObject({}),
  aggregate: z.strictObject({}),
  window: { window: duration.prefault('60s') },
  features: { features: z.array(z.string()).default(['mean']) },
})

const parse = (text: string, env: NodeJS.ProcessEnv = {}, args: string[] = []) =>
  parseConfig(text, { schema, env, args })

function problemsOf(text: string, env: NodeJS.ProcessEnv = {}) {
  try {
    parse(text, env)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('configuration', () => {
  it('has a default for everything but what only the user can know', () => {
    const config = parse('assets: { pump: { tags: "{line}/{role}" } }\nmonitors: { health: { assets: pump } }')
    assert.equal(config.site, 'plant')
    assert.equal(config.http.port, 8080)
    assert.equal(config.monitors.health.window, 60_000)
    assert.deepEqual(config.monitors.health.alarm, { dwell: { windows: 3 }, clear: { windows: 3 }, hysteresis: 0.1 })
    assert.equal(config.monitors.health.learn.after, 7_200_000)
  })

  it('accepts an empty file', () => assert.equal(parse('').site, 'plant'))

  it('lists every problem with its line, not only the first', () => {
    const problems = problemsOf(
      ['sit: x', 'connectors:', '  a: { type: mqt }', 'monitors:', '  m: { assets: pumpe, window: 3 parsec }'].join(
        '\n',
      ),
    )
    assert.deepEqual(
      problems.map(({ line, path }) => [line, path]),
      [
        [1, 'sit'],
        [3, 'connectors.a.type'],
        [5, 'monitors.m.window'],
        [5, 'monitors.m.assets'],
      ],
    )
  })

  for (const [what, text, message, line] of [
    ['a misspelt key', 'site: x\nhtpt: {}', /unknown key "htpt"; did you mean "http"\?/, 2],
    [
      'a misspelt key inside a connector',
      'connectors:\n  a:\n    type: mqtt\n    url: mqtt://x\n    pasword: y',
      /did you mean "password"\?/,
      5,
    ],
    [
      'a misspelt connector',
      'connectors: { a: { type: mqqt } }',
      /unknown connector type "mqqt"; did you mean "mqtt"\?/,
      1,
    ],
    ['a missing type', 'connectors: { a: { url: x } }', /connector type is missing; it is one of mqtt/, 1],
    ['a missing key', 'connectors:\n  a: { type: mqtt }', /"url" is missing/, 2],
    [
      'a problem deep in a list',
      'connectors:\n  a:\n    type: mqtt\n    url: mqtt://x\n    topics:\n      - { filter: a, filtre: 4 }',
      /did you mean "filter"\?/,
      6,
    ],
    ['an unknown operator', 'clean:\n  - despik', /unknown operator "despik"; did you mean "despike"\?/, 2],
    ['two operators in one item', 'clean:\n  - { despike: {}, clamp: {} }', /start a new "-" for each/, 2],
    ['a pattern without {role}', 'assets:\n  pump: { tags: "{line}/x" }', /lacks \{role\}/, 2],
    ['a class that is not defined', 'monitors:\n  m: { assets: pump }', /no such class of assets "pump"/, 2],
    [
      'a station called as a monitor is',
      'assets: { p: { tags: "{role}" } }\nmonitors: { m: { assets: p } }\ninspections:\n  weld: {}\n  m: {}',
      /a monitor is called "m" as well; give the station another name/,
      5,
    ],
    [
      'a monitor called as the model of the values of a station is',
      'assets: { p: { tags: "{role}" } }\nmonitors: { weld.values: { assets: p } }\ninspections: { weld: {} }',
      /the model of the values of a station is called "weld.values"; take another name/,
      2,
    ],
    ['a port that is none', 'http:\n  port: 99999', /65535/, 2],
    [
      'a span without unit',
      'assets: { p: { tags: "{role}" } }\nmonitors: { m: { assets: p, alarm: { dwell: "3" } } }',
      /"3 windows" or a duration/,
      2,
    ],
  ] as const) {
    it(`explains ${what}`, () => {
      const problems = problemsOf(text)
      assert.equal(problems.length, 1, inspect(problems))
      assert.match(problems[0].message, message)
      assert.equal(problems[0].line, line)
    })
  }

  it('explains YAML that is none, with its line', () => {
    const [problem] = problemsOf('site: x\nhttp: { port: [ }')
    assert.equal(problem.line, 2)
  })

  it('layers file, environment and arguments in that order', () => {
    const text = 'site: file\nhttp: { port: 1 }\nlog: { level: warn }'
    const env = { MILLWRIGHT_SITE: 'env', MILLWRIGHT_HTTP_PORT: '2' }
    const config = parse(text, env, ['--http-port=3'])
    assert.deepEqual([config.site, config.http.port, config.log.level], ['env', 3, 'warn'])
  })

  it('reports an override that does not fit as it would the file', () => {
    assert.throws(() => parse('', {}, ['--http-port=many']), ConfigError)
  })

  it('takes ${NAME} from the environment, and from the file that NAME_FILE names', () => {
    const folder = mkdtempSync(join(tmpdir(), 'millwright-config-'))
    try {
      writeFileSync(join(folder, 'secret'), 'hidden\n')
      const text = 'connectors: { a: { type: mqtt, url: "mqtt://${HOST}:1883", password: "${WORD}" } }'
      const { settings } = parse(text, { HOST: 'broker', WORD_FILE: join(folder, 'secret') }).connectors.a
      const { url, password } = settings as { url: string; password: Secret }
      assert.equal(url, 'mqtt://broker:1883')
      assert.equal(password.reveal(), 'hidden')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('says which name the environment lacks', () => {
    const [problem] = problemsOf('site: x\ndata: "${NOWHERE}"')
    assert.match(problem.message, /NOWHERE/)
    assert.equal(problem.line, 2)
  })

  it('never prints a secret', () => {
    const config = parse('connectors: { a: { type: mqtt, url: "mqtt://x", password: geheim } }')
    assert.doesNotMatch(JSON.stringify(config), /geheim/)
    assert.doesNotMatch(inspect(config, { depth: 9 }), /geheim/)
    const problems = problemsOf('connectors: { a: { type: mqtt, url: 1, password: geheim, topics: 3 } }')
    assert.doesNotMatch(JSON.stringify(problems), /geheim/)
  })

  it('says so when the file cannot be read', () => {
    assert.throws(() => loadConfig('/nowhere/plant.yaml', { schema }), { code: 'CONFIG_UNREADABLE' })
  })

  it('has a JSON Schema that knows each connector by its type', () => {
    const text = JSON.stringify(jsonSchema(schema))
    assert.match(text, /"const":"mqtt"/)
    assert.match(text, /"despike"/)
  })
})
