import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { closeFolder } from '../../agent/process/index.ts'
import { memoryLog } from '../http/fake-agent.ts'

describe('the data folder', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'millwright-private-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const modeOf = (path: string) => statSync(path).mode & 0o777

  it('is made for its owner alone, and closed where it was left open', () => {
    const data = join(folder, 'deep', 'data')
    closeFolder(data, memoryLog())
    assert.equal(modeOf(data), 0o700)
    for (const name of ['start.json', 'journal', 'others.txt']) {
      writeFileSync(join(data, name), '')
      chmodSync(data, 0o777)
      closeFolder(data, memoryLog())
      assert.equal(modeOf(data), 0o700, name)
    }
  })

  it('is left as it is, and told, where it holds what is not ours', () => {
    mkdirSync(join(folder, 'home'))
    writeFileSync(join(folder, 'home', '.bashrc'), '')
    chmodSync(join(folder, 'home'), 0o755)
    const log = memoryLog()
    closeFolder(join(folder, 'home'), log)
    assert.equal(modeOf(join(folder, 'home')), 0o755)
    assert.match(log.lines.join(''), /one of its own/)
  })
})
