import assert from 'node:assert/strict'
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  BatchBuilder,
  assetPattern,
  csvCell,
  needsMark,
  oneLine,
  readNumber,
  Redaction,
  TagTable,
  tagFilter,
} from '../../agent/core/index.ts'
import { proposeClasses } from '../../agent/cli/init/propose.ts'
import { csv, describeFiles, filesOf, readCsv } from '../../connectors/csv/index.ts'
import { partPattern } from '../../connectors/images/part.ts'
import { escapeKey } from '../../connectors/influxdb/line-writer.ts'
import { Collector } from '../../connectors/mqtt/collect.ts'
import { mqtt } from '../../connectors/mqtt/index.ts'
import { Router } from '../../connectors/mqtt/routes.ts'
import { parseConfig } from '../../config/index.ts'
import { schema } from '../../agent/settings/index.ts'

const size = 40_000
/** Far more than any of this takes, and far less than what grows with the square of 40,000: minutes, or for ever. */
const patience = 2_000

/** What a connector does with a message. */
function receive(topic: object, payload: string): void {
  const tags = new TagTable()
  const entry = { filter: '#', tag: 't', ...topic }
  const settings = mqtt.config.parse({ type: 'mqtt', url: 'mqtt://localhost', topics: [entry], max_payload: '100kB' })
  const router = new Router(settings, tags, 'plant')
  const collector = new Collector(new BatchBuilder('plant'), 'plant', settings)
  const bytes = Buffer.from(payload)
  collector.message(router.find('plant/a')!, bytes, 0, bytes.length, bytes.length, 1_768_000_000_000, false)
}

/** Fails where the work takes longer than what grows with its input can. */
async function soon(what: string, work: () => unknown): Promise<void> {
  const begun = performance.now()
  await work()
  const took = performance.now() - begun
  assert.ok(took < patience, `${what} took ${Math.round(took)} ms`)
}

/** Texts of 40 kB that are hard for a matcher that goes back. */
const hard: Readonly<Record<string, string>> = {
  digits: `${'1'.repeat(size)}x`,
  'digits and a point': `${'1'.repeat(size)}.x`,
  groups: `${'1,111'.repeat(size / 5)}x`,
  blanks: `a${' '.repeat(size)}b`,
  underscores: `a${'_'.repeat(size)}b`,
  brackets: `a ${'('.repeat(size)}`,
  backslashes: `${'\\'.repeat(size)}x`,
  letters: `${'a'.repeat(size)}!`,
  levels: `${'a/'.repeat(size / 2)}!`,
  quotes: `${'"'.repeat(size)}x`,
  signs: `${'='.repeat(size)}x`,
  'addresses without an end': 'x://a:'.repeat(size / 6),
  words: 'Bearer '.repeat(size / 7),
  pairs: `${'a=1 '.repeat(size / 4)}=`,
}

describe('an attacker who sends 40 kB that are hard to match', () => {
  for (const [name, text] of Object.entries(hard)) {
    it(`as names, parts and topics: ${name}`, () =>
      soon(name, () => {
        const tags = new TagTable()
        const { index } = tags.resolve({ name: text, type: 'number' })
        tagFilter(tags, ['**/a*a*a*a*a/**/b', '**/**/**/**/x', '*a*a*a*a*a*a*b'])(index)
        for (const pattern of ['{line}/pump{n}/{role}', '**/{a}x{b}x{c}x{d}/{role}', '{role}{a}{b}{c}{d}!'])
          assetPattern(pattern).test(text)
        for (const pattern of ['camera/*_{part}_*', '*{part}*a*a*a*', '*_*_*_*_{part}_*_*_x'])
          partPattern(pattern)(text)
        proposeClasses([{ tag: `${text}/a`, type: 'number' }])
        escapeKey(text)
        csvCell(text)
        oneLine(text)
        new Redaction(['secret']).apply(text)
      }))

    it(`as a number, whatever its mark: ${name}`, () =>
      soon(name, () => {
        for (const mark of [undefined, '.', ','] as const) readNumber(text, mark)
        needsMark(text)
      }))

    it(`as a payload of any format: ${name}`, () =>
      soon(name, () => {
        for (const topic of [
          {},
          { type: 'integer' },
          { format: 'json' },
          { format: 'number' },
          { format: 'line' },
          { format: 'pairs' },
          { format: 'text' },
        ])
          receive(topic, text)
        receive({ type: 'integer' }, `"${text.replaceAll('"', '').replaceAll('\\', '')}"`)
        receive({ type: 'integer' }, `{"value":${/^\d+/.exec(text)?.[0] ?? 1}}`)
      }))
  }

  describe('in a file', () => {
    let folder: string
    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'millwright-patterns-'))))
    afterEach(() => rmSync(folder, { recursive: true, force: true }))

    for (const [name, text] of Object.entries(hard))
      it(`as a header and as cells: ${name}`, () =>
        soon(name, async () => {
          const own = text.replaceAll('"', '')
          writeFileSync(
            join(folder, 'a.csv'),
            `time,"${own}",b\n2026-01-05T10:00:00Z,"${own}",1\n2026-01-05T10:00:01Z,"${own}",2\n`,
          )
          const settings = csv.config.parse({ read: join(folder, 'a.csv') })
          await describeFiles(settings).catch(() => undefined)
          try {
            for await (const { batch } of readCsv(settings, new TagTable())) assert.ok(batch.length >= 0)
          } catch {
            // Refused in words is as good.
          }
        }))

    it('by the names of its files, for patterns with many wildcards', () =>
      soon('files', async () => {
        const levels = Array.from({ length: 12 }, () => 'a'.repeat(200))
        mkdirSync(join(folder, ...levels), { recursive: true })
        writeFileSync(join(folder, ...levels, `${'a'.repeat(200)}.csv`), '')
        await assert.rejects(
          filesOf(join(folder, '**', '**', '**', '*a*a*a*a*a*a*a*a*a*b', '**', '**', '**', 'x*')),
          /no file fits/,
        )
        assert.equal((await filesOf(join(folder, '**', 'a*a*a*.csv'))).length, 1)
      }))
  })

  describe('as a configuration', () => {
    it('of aliases that stand for a billion: it is refused in words', () =>
      soon('aliases', () => {
        const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]']
        for (let i = 1; i < 12; i++)
          lines.push(`a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(', ')}]`)
        assert.throws(() => parseConfig(lines.join('\n'), { schema, args: [] }), { code: 'CONFIG_UNREADABLE' })
      }))

    it('of forty thousand levels: it is refused in words', () =>
      soon('levels', () => {
        assert.throws(() => parseConfig(`site: ${'['.repeat(size)}`, { schema, args: [] }), { name: 'ConfigError' })
      }))

    it('with names that only prototypes have: nothing but itself is changed', () => {
      for (const text of [
        '__proto__: { admin: true }',
        'connectors: { __proto__: { admin: true } }',
        'constructor: { prototype: { admin: true } }',
        'assets: { __proto__: { tags: "{role}" } }',
      ]) {
        try {
          parseConfig(text, { schema, args: [] })
        } catch (error) {
          assert.equal((error as Error).name, 'ConfigError')
        }
        assert.equal(({} as { admin?: boolean }).admin, undefined, text)
      }
    })
  })
})
