import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const script = join(import.meta.dirname, '..', '..', '..', 'config', 'docker', 'prune.sh')

/** Kept on arm64, and not. */
const kept = [
  '@tensorflow/tfjs-core/dist/index.js',
  '@tensorflow/tfjs-core/dist/ops/add.js',
  '@tensorflow/tfjs-core/dist/tf-core.node.js',
  '@tensorflow/tfjs-core/package.json',
  '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm',
  '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js',
  '@lmdb/lmdb-linux-arm64/node.napi.glibc.node',
  'onnxruntime-node/bin/napi-v6/linux/arm64/libonnxruntime.so.1',
  'onnxruntime-node/dist/index.js',
  'rxjs/LICENSE.md',
  'rxjs/dist/cjs/index.js',
]
const gone = [
  '@img/sharp-libvips-linuxmusl-arm64/lib/libvips.so',
  '@tensorflow/tfjs-core/dist/tf-core.es2017.js',
  '@tensorflow/tfjs-core/dist/tf-core.min.js.map',
  '@tensorflow/tfjs-core/dist/tensor_test.js',
  '@tensorflow/tfjs-node/lib/napi-v8/tfjs_binding.node',
  'onnxruntime-node/bin/napi-v6/darwin/arm64/libonnxruntime.dylib',
  'onnxruntime-node/bin/napi-v6/linux/arm64/libonnxruntime_providers_cuda.so',
  'onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1',
  'onnxruntime-node/bin/napi-v6/win32/x64/onnxruntime.dll',
  'rxjs/dist/cjs/index.js.map',
  'rxjs/dist/types/index.d.ts',
  'rxjs/README.md',
  'rxjs/src/index.ts',
]

describe('prune.sh', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millwright-prune-'))
    for (const file of [...kept, ...gone]) {
      mkdirSync(join(folder, dirname(file)), { recursive: true })
      writeFileSync(join(folder, file), '')
    }
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  it('leaves what the agent loads on that platform, and nothing else', () => {
    execFileSync('sh', [script, folder, 'arm64'])
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    assert.deepEqual(files.sort(), kept.toSorted())
  })

  it('touches nothing where the folder or the architecture is not what it knows', () => {
    for (const args of [
      [folder, 'sparc'],
      [join(folder, 'rxjs'), 'x64'],
    ]) {
      const { status, stderr } = spawnSync('sh', [script, ...args], { encoding: 'utf8' })
      assert.equal(status, 2)
      assert.match(stderr, /prune\.sh: /)
    }
    assert.equal(
      readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length,
      kept.length + gone.length,
    )
  })
})
