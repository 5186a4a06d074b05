import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { DetectorError, describeError, publicKeyOf, publicKeyText } from '../agent/core/index.ts'
import { bundleFiles, contentHash, writeDurable } from './onnx/bundle.ts'
import type { StoredManifest } from './onnx/manifest.ts'
import { sha256 } from './onnx/runtime.ts'

const signatureSchema = z.strictObject({
  format: z.literal(1),
  content: z.string().describe('Hash of what the manifest says, which has the hash of the model.'),
  files: z.record(z.string(), z.string()).describe('SHA-256 of every other file.'),
  key: z.string().describe('The public key; it counts only where it is trusted.'),
  signature: z.string().describe('Ed25519 over the three above, in base64.'),
})
type Signature = z.output<typeof signatureSchema>

/**
 * Signs the bundle in a folder, in place: `signature.json` holds an Ed25519 signature over the manifest, but for what the
 * registry fills in, and over every other file. Resolves with the public key.
 */
export async function signBundle(folder: string, manifest: StoredManifest, key: KeyObject): Promise<string> {
  const statement = { format: 1, content: contentHash(manifest), files: await filesOf(folder) } as const
  const publicKey = publicKeyText(createPublicKey(key))
  const signature = sign(null, bytesOf(statement), key).toString('base64')
  const text = JSON.stringify({ ...statement, key: publicKey, signature } satisfies Signature, null, 1)
  await writeDurable(join(folder, bundleFiles.signature), `${text}\n`)
  return publicKey
}

/** An Ed25519 private key from a PEM file. Throws a DetectorError where it is none. */
export function readSigningKey(file: string): KeyObject {
  try {
    const key = createPrivateKey(readFileSync(file))
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch (error) {
    throw noKey(file, error)
  }
  throw noKey(file)
}

function noKey(file: string, cause?: unknown): DetectorError {
  return new DetectorError('MODEL_UNTRUSTED', `${file} holds no Ed25519 private key`, { cause, remedy: `Make one: openssl genpkey -algorithm ed25519 -out ${file}` }) // prettier-ignore
}

/** Lets bundles in that somebody trusted has signed, and signs what the agent itself has made. */
export class BundleGuard {
  readonly #trusted: readonly string[]
  readonly #ownFile: string

  /** `trusted`: public keys; `ownFile`: where the key of the agent itself is, made when it is first needed. */
  constructor(trusted: readonly string[], ownFile: string) {
    this.#trusted = trusted
    this.#ownFile = ownFile
  }

  /** Signs what was made here. */
  async sign(folder: string, manifest: StoredManifest): Promise<void> {
    await signBundle(folder, manifest, this.#ownKey(true)!)
  }

  /** Rejects with a DetectorError (MODEL_UNTRUSTED) where nobody who is trusted has signed the bundle as it is. */
  async check(folder: string, manifest: StoredManifest): Promise<void> {
    const signed = await readSignature(folder)
    const { key, signature, ...statement } = signed
    const own = this.#ownKey(false)
    const trusted = [...this.#trusted, ...(own ? [publicKeyText(createPublicKey(own))] : [])]
    const publicKey = trusted.includes(key) ? publicKeyOf(key) : undefined
    if (!publicKey) throw untrusted(folder, `is signed by the key ${key.slice(0, 100)}, which is not trusted here`)
    if (!verify(null, bytesOf(statement), publicKey, Buffer.from(signature, 'base64')))
      throw untrusted(folder, 'has a signature that is not that of its key')
    if (statement.content !== contentHash(manifest))
      throw untrusted(folder, 'was signed with another manifest, or for a monitor of another name')
    for (const [name, hash] of Object.entries(await filesOf(folder)))
      if (statement.files[name] !== hash)
        throw untrusted(folder, `holds ${name}, which is not the file that was signed`)
  }

  #ownKey(make: boolean): KeyObject | undefined {
    try {
      if (make) makeKey(this.#ownFile)
      return readSigningKey(this.#ownFile)
    } catch (error) {
      if (make) throw error
      return undefined
    }
  }
}

/** Makes a key where there is none; two processes make one. */
function makeKey(file: string): void {
  const { privateKey } = generateKeyPairSync('ed25519')
  try {
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' })
    chmodSync(file, 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

async function readSignature(folder: string): Promise<Signature> {
  let text: string
  try {
    text = await readFile(join(folder, bundleFiles.signature), 'utf8')
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw untrusted(folder, 'is not signed', missing ? undefined : error)
  }
  try {
    return signatureSchema.parse(JSON.parse(text))
  } catch (error) {
    throw untrusted(folder, `has a signature that cannot be read: ${describeError(error)}`, error)
  }
}

/** SHA-256 of every file of a bundle but the manifest, which is signed by its content, and the signature. */
async function filesOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).filter(
    (name) => name !== bundleFiles.manifest && name !== bundleFiles.signature,
  )
  const hashes = names.sort().map(async (name) => [name, sha256(await readFile(join(folder, name)))] as const)
  return Object.fromEntries(await Promise.all(hashes))
}

function bytesOf({ format, content, files }: Omit<Signature, 'key' | 'signature'>): Buffer {
  const sorted = Object.entries(files).sort(([one], [other]) => (one < other ? -1 : 1))
  return Buffer.from(`millwright model bundle\n${JSON.stringify([format, content, sorted])}`)
}

function untrusted(folder: string, what: string, cause?: unknown): DetectorError {
  return new DetectorError('MODEL_UNTRUSTED', `the model in ${folder} ${what}`, {
    ...(cause !== undefined && { cause }),
    remedy:
      'Have it signed by whoever may: `millwright models sign FOLDER --key FILE`; their public key belongs into models.trust.',
  })
}
