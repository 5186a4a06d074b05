import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve, sep } from 'node:path'
import { parseConfig } from '../../config/index.ts'
import { schema } from '../../agent/settings/index.ts'
import { folderName, ImageStore } from '../../agent/stations/images/image-store.ts'
import { Registry } from '../../models/registry.ts'

/** Names that would lead out of a folder, or to something in it that is another's. */
const names = ['..', '.', '../x', '../../etc/passwd', '/etc/passwd', 'a/../../b', '..\\x', '.ssh', '%2e%2e', '~', 'a\0b', 'CON', 'a:b', '\ud800', 'x'.repeat(10_000), '\u202egpj.exe', '\n', ''] // prettier-ignore

describe('an attacker who chooses names that become those of files', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'millwright-paths-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const inside = (path: string, what: string) =>
    assert.ok(resolve(path).startsWith(join(folder, 'own') + sep), `${JSON.stringify(what.slice(0, 40))}: ${path.slice(0, 200)}`) // prettier-ignore

  for (const name of names)
    it(`${JSON.stringify(name.slice(0, 20))}: an image stays in the folder of its station`, async () => {
      const store = new ImageStore(join(folder, 'own', 'images'), { size: 1e6, strip: (image) => Promise.resolve({ bytes: image, format: 'png' }) }) // prettier-ignore
      inside(store.pathOf(Buffer.from('x'), 'pass', name, 0), name)
      inside(await store.store(Buffer.from('x'), 'pass', name, 1_700_000_000_000), name)
      inside(await store.store(Buffer.from('x'), folderName(name) === '' ? 'pass' : name, 'part', 1_700_000_000_001).catch(() => join(folder, 'own', 'refused')), name) // prettier-ignore
      assert.deepEqual(readdirSync(folder), ['own'])
      assert.notEqual(await store.find(name), undefined)
    })

  it('models stay in the registry, whatever the monitor and the version', async () => {
    const registry = new Registry(join(folder, 'own'))
    for (const name of names.filter((each) => each !== '\ud800' && each !== '')) {
      inside(registry.folder(name, '0001-abcdef01'), name)
      await assert.rejects(registry.load('health', name), { code: 'MODEL_MISSING' })
      await assert.rejects(registry.load(name, '../../x'), { code: 'MODEL_MISSING' })
    }
  })

  it('no connector, station, monitor or class has such a name', () => {
    // `CON` is a name like any other where this runs.
    for (const name of names.filter((each) => each !== 'CON'))
      for (const part of ['connectors', 'inspections', 'monitors', 'assets'])
        assert.throws(() => parseConfig(JSON.stringify({ [part]: { [name]: {} } }), { schema, args: [] }), { name: 'ConfigError' }) // prettier-ignore
  })
})
