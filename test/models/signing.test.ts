import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DetectorError, publicKeyText } from '../../agent/core/index.ts'
import { monitorModels, schema } from '../../agent/settings/index.ts'
import { modelConfig, readSigningKey, Registry, signBundle, trainModel, type ModelBundle } from '../../models/index.ts'
import { readBundle, writeBundle } from '../../models/onnx/bundle.ts'
import { millwright } from '../cli/millwright.ts'
import { synthetic } from './synthetic.ts'

const monitor = 'health'
const keyOf = (key: KeyObject) => publicKeyText(createPublicKey(key))
const untrusted = (words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof DetectorError, String(error))
  assert.equal(error.code, 'MODEL_UNTRUSTED')
  assert.match(error.message, words)
  assert.match(error.remedy ?? '', /models sign/)
  return true
}

describe('signed models', function () {
  let folder: string
  let bundle: ModelBundle
  const signer = generateKeyPairSync('ed25519').privateKey
  const stranger = generateKeyPairSync('ed25519').privateKey
  const path = (...names: string[]) => join(folder, ...names)
  const configured = (...trust: KeyObject[]) =>
    schema.parse({ data: path('data'), models: { trust: trust.map(keyOf) } })
  /** What somebody sent: a bundle in a folder, signed by nobody or by that key. */
  const sent = async (name: string, key?: KeyObject) => {
    mkdirSync(path(name))
    await writeBundle(path(name), bundle)
    if (key) await signBundle(path(name), bundle.manifest, key)
    return path(name)
  }
  const give = async (from: string) => {
    const given = await readBundle(from)
    const registry = monitorModels(configured(signer))
    await registry.admit(from, given.manifest)
    return registry.register(given, undefined, 'given')
  }

  before(async () => {
    const input = { monitor, features: synthetic({ length: 60, seed: 1 }), created: 1 }
    bundle = await trainModel(modelConfig.parse('anomaly'), input)
  })
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millwright-signing-'))
    mkdirSync(path('data'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('are taken where the key is trusted, and loaded as they are', async () => {
    const version = await give(await sent('good', signer))
    const { manifest } = await monitorModels(configured(signer)).load(monitor, version)
    assert.deepEqual(manifest, { ...bundle.manifest, version })
    await monitorModels(configured(stranger, signer)).load(monitor, version)
    await assert.rejects(
      monitorModels(configured(stranger)).load(monitor, version),
      untrusted(/which is not trusted here/),
    )
  })

  it('are refused unsigned, or signed by somebody else, and nothing of them stays', async () => {
    await assert.rejects(give(await sent('unsigned')), untrusted(/is not signed/))
    await assert.rejects(give(await sent('strange', stranger)), untrusted(/which is not trusted here/))
    assert.deepEqual(await monitorModels(configured(signer)).versions(monitor), [])
  })

  const spoilt: [string, (at: string) => void, RegExp][] = [
    ['the card', (at) => writeFileSync(join(at, 'card.md'), 'trust me'), /card\.md, which is not the file/],
    ['a file beside', (at) => writeFileSync(join(at, 'more.bin'), 'x'), /more\.bin, which is not the file/],
    ['the manifest', (at) => edit(join(at, 'manifest.json'), /"threshold": [\d.]+/, '"threshold": 1e9'), /another manifest/],
    ['the key', (at) => edit(join(at, 'signature.json'), keyOf(stranger), keyOf(signer)), /not that of its key/],
    ['the list of files', (at) => edit(join(at, 'signature.json'), /"card\.md": "[0-9a-f]{64}"/, ''), /cannot be read|not that of its key/],
    ['no signature but a file of that name', (at) => writeFileSync(join(at, 'signature.json'), '{}'), /cannot be read/],
  ] // prettier-ignore
  for (const [what, spoil, words] of spoilt)
    it(`are refused with ${what} changed, before and after they are in the registry`, async () => {
      const key = what === 'the key' ? stranger : signer
      const from = await sent('good', key)
      const version = key === signer ? await give(from) : '0001-00000000'
      const stored = path('data', 'models', monitor, version)
      if (key === signer && what !== 'the manifest') {
        spoil(stored)
        await assert.rejects(monitorModels(configured(signer)).load(monitor, version), untrusted(words))
      }
      rmSync(path('data', 'models'), { recursive: true, force: true })
      spoil(from)
      await assert.rejects(give(from), untrusted(words))
    })

  it('are needed of what was copied into the registry by hand, too', async () => {
    const unguarded = await new Registry(path('elsewhere')).register(bundle)
    cpSync(path('elsewhere'), path('data', 'models'), { recursive: true })
    const registry = monitorModels(configured(signer))
    await assert.rejects(registry.load(monitor, unguarded), untrusted(/is not signed/))
    assert.match((await registry.list(monitor))[0].problem ?? '', /is not signed/)
    await monitorModels(configured()).load(monitor, unguarded)
  })

  it('are made by the agent itself with a key of its own, for its owner only', async () => {
    const registry = monitorModels(configured(signer))
    const version = await registry.register(bundle)
    await registry.load(monitor, version)
    const file = path('data', 'model-signing.pem')
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.equal(readSigningKey(file).asymmetricKeyType, 'ed25519')
    const plain = new Registry(path('plain'))
    const unsigned = await plain.register(bundle)
    assert.ok(!existsSync(join(plain.folder(monitor, unsigned), 'signature.json')))
  })

  it('come through the command line: sign, import, and the words where it refuses', async () => {
    const pem = signer.export({ type: 'pkcs8', format: 'pem' })
    writeFileSync(path('plant.key'), pem)
    const from = await sent('bundle')
    writeFileSync(
      path('plant.yaml'),
      `data: data\nassets: { pump: { tags: "{line}/pump{n}/{role}" } }\nmonitors:\n  ${monitor}: { assets: pump }\n  other: { assets: pump }\nmodels: { trust: ['${keyOf(signer)}'] }\n`,
    )
    const importing = (...more: string[]) => millwright(folder, 'models', 'import', from, '-c', 'plant.yaml', ...more)
    const refused = await importing()
    assert.equal(refused.status, 1)
    assert.match(refused.stderr, /is not signed\n.*models sign.*\n.*MODEL_UNTRUSTED/)
    const signed = await millwright(folder, 'models', 'sign', from, '--key', 'plant.key')
    assert.equal(signed.status, 0, signed.stderr)
    assert.ok(signed.stdout.includes(keyOf(signer)))
    const renamed = await importing('--monitor', 'other')
    assert.match(renamed.stderr, /for a monitor of another name/)
    const taken = await importing()
    assert.equal(taken.status, 0, taken.stderr)
    writeFileSync(path('rsa.key'), generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' })) // prettier-ignore
    const wrong = await millwright(folder, 'models', 'sign', from, '--key', 'rsa.key')
    assert.match(wrong.stderr, /holds no Ed25519 private key/)
    assert.throws(() => schema.parse({ models: { trust: ['AAAA'] } }), /Ed25519 public key/)
  })
})

function edit(file: string, what: string | RegExp, to: string): void {
  const text = readFileSync(file, 'utf8')
  assert.notEqual(text.replace(what, to), text)
  writeFileSync(file, text.replace(what, to))
}
