import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseConfig } from '../../../config/index.ts'
import { config } from '../../../connectors/csv/settings.ts'
import { schema } from '../../../agent/settings/index.ts'

const room = join(import.meta.dirname, '..', '..', '..', 'connectors', 'csv')

describe('csv: README', () => {
  const text = readFileSync(join(room, 'README.md'), 'utf8')

  it('has examples that pass the check', () => {
    const [, example] = /```yaml\n([^]*?)```/.exec(text)!
    assert.ok(Object.keys(parseConfig(example, { schema, env: {} }).connectors).length > 10)
  })

  it('names every option', () => {
    const missing = Object.keys(config.shape).filter((key) => !text.includes(`\`${key}\``))
    assert.deepEqual(missing, ['write', 'content'])
  })
})
