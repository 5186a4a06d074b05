import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DetectorError } from '../../agent/core/index.ts'
import { modelConfig, Registry, trainModel, type ModelBundle } from '../../models/index.ts'
import { synthetic } from './synthetic.ts'

describe('model registry', () => {
  let folder: string
  let bundles: ModelBundle[]

  before(async () => {
    const settings = modelConfig.parse('anomaly')
    const train = (seed: number) =>
      trainModel(settings, { monitor: 'line1/pump health', features: synthetic({ length: 60, seed }), created: seed })
    bundles = await Promise.all([1, 2, 3, 4, 5].map(train))
  })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millwright-registry-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  const monitor = 'line1/pump health'

  it('gives versions in order and the bundle as it was', async () => {
    const registry = new Registry(folder)
    const versions = [await registry.register(bundles[0]), await registry.register(bundles[1])]
    assert.match(versions[0], /^0001-[0-9a-f]{8}$/)
    assert.match(versions[1], /^0002-[0-9a-f]{8}$/)
    assert.deepEqual(await registry.versions(monitor), versions)
    const { manifest, onnx, card } = await registry.load(monitor, versions[0])
    assert.deepEqual(manifest, { ...bundles[0].manifest, version: versions[0] })
    assert.deepEqual(Uint8Array.from(onnx), bundles[0].onnx)
    assert.equal(card, bundles[0].card)
  })

  it('knows a content it already has, also after a restart', async () => {
    const version = await new Registry(folder).register(bundles[0])
    const again = { ...bundles[0], manifest: { ...bundles[0].manifest, created: 77, parent: version } }
    assert.equal(await new Registry(folder).register(again), version)
    assert.deepEqual(await new Registry(folder).versions(monitor), [version])
  })

  it('gives concurrent registrations different numbers', async () => {
    const registry = new Registry(folder)
    const versions = await Promise.all(bundles.map((bundle) => registry.register(bundle)))
    assert.deepEqual(
      versions.map((version) => version.slice(0, 4)),
      ['0001', '0002', '0003', '0004', '0005'],
    )
  })

  it('keeps the newest versions and the active one', async () => {
    const registry = new Registry(folder, 2)
    const versions: string[] = []
    for (const bundle of bundles) versions.push(await registry.register(bundle, versions[0]))
    assert.deepEqual(await registry.versions(monitor), [versions[0], versions[3], versions[4]])
  })

  it('does not see what a killed process left half written, and removes it', async () => {
    const registry = new Registry(folder)
    await registry.register(bundles[0])
    const [name] = await readdir(folder)
    const half = join(folder, name, '.new-abc')
    await mkdir(half)
    await writeFile(join(half, 'model.onnx'), 'half')
    assert.equal((await registry.versions(monitor)).length, 1)
    await registry.register(bundles[1])
    const left = await readdir(join(folder, name))
    assert.deepEqual(
      left.filter((entry) => entry.startsWith('.')),
      [],
    )
  })

  it('names the versions there are where one is missing', async () => {
    const registry = new Registry(folder)
    const version = await registry.register(bundles[0])
    for (const wrong of ['0009-00000000', '../0001', '']) {
      await assert.rejects(registry.load(monitor, wrong), (error: unknown) => {
        assert.ok(error instanceof DetectorError && error.code === 'MODEL_MISSING')
        assert.ok(error.remedy?.includes(version))
        return true
      })
    }
    assert.deepEqual(await registry.versions('other'), [])
  })

  it('lists a damaged version with its problem beside the sound ones', async () => {
    const registry = new Registry(folder)
    const versions = [await registry.register(bundles[0]), await registry.register(bundles[1])]
    const [name] = await readdir(folder)
    await writeFile(join(folder, name, versions[0], 'manifest.json'), '{"format": 1}')
    const [broken, sound] = await registry.list(monitor)
    assert.match(broken.problem ?? '', /manifest.json is not as it should be/)
    assert.equal(sound.manifest?.version, versions[1])
  })

  it('notices a manifest that was changed by hand', async () => {
    const registry = new Registry(folder)
    const version = await registry.register(bundles[0])
    const { manifest } = await registry.load(monitor, version)
    const [name] = await readdir(folder)
    const { calibration } = manifest
    const changed = { ...manifest, calibration: { ...calibration, pooled: { ...calibration.pooled, threshold: 1e9 } } }
    await writeFile(join(folder, name, version, 'manifest.json'), JSON.stringify(changed))
    const load = registry.load(monitor, version)
    await assert.rejects(load, (error) => error instanceof DetectorError && error.code === 'MODEL_BROKEN')
  })

  it('registers nothing on a full disk, leaves nothing behind, and goes on once there is room', async function () {
    if (process.platform !== 'linux') this.skip()
    // A limit on the size of files acts like a full disk, for anybody and in the kernel.
    const child = join(import.meta.dirname, 'full-disk-child.ts')
    const command = `trap '' XFSZ; ulimit -S -f 1; exec "${process.execPath}" --import tsx "${child}" "${folder}"`
    const filler = spawn('bash', ['-c', command], { stdio: ['pipe', 'pipe', 'inherit'] })
    try {
      const [refused] = (await once(filler.stdout, 'data')) as [Buffer]
      assert.equal(refused.toString(), 'refused TRAINING_FAILED\n')
      assert.deepEqual(await new Registry(folder).versions('health'), [])
      execFileSync('prlimit', ['--pid', String(filler.pid), '--fsize=unlimited'])
      filler.stdin.write('again\n')
      const [registered] = (await once(filler.stdout, 'data')) as [Buffer]
      assert.match(registered.toString(), /^registered 0001-/)
      assert.equal((await readdir(join(folder, 'health'))).length, 1, 'nothing half written stays')
    } finally {
      filler.kill('SIGKILL')
    }
  })

  it('says so where the folder cannot be written, and goes on afterwards', async () => {
    const blocked = join(folder, 'file')
    await writeFile(blocked, '')
    const registry = new Registry(blocked)
    const failed = registry.register(bundles[0])
    await assert.rejects(
      failed,
      (error) => error instanceof DetectorError && error.retryable && error.cause !== undefined,
    )
    await rm(blocked)
    assert.match(await registry.register(bundles[0]), /^0001-/)
  })
})
