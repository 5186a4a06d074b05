import { createPublicKey, type KeyObject } from 'node:crypto'
import { z } from 'zod'

/** A key from its text in base64, the SPKI of a PEM file; undefined where it is no Ed25519 public key. */
export function publicKeyOf(text: string): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' })
    return key.asymmetricKeyType === 'ed25519' && publicKeyText(key) === text ? key : undefined
  } catch {
    return undefined
  }
}

/** The text of a public key. */
export function publicKeyText(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'der' }).toString('base64')
}

/** An Ed25519 public key in the configuration. */
export const publicKey = z.string().refine((text) => publicKeyOf(text) !== undefined, {
  error: 'expected an Ed25519 public key in base64, as `millwright models sign` prints it',
})
