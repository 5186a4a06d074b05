import type { Proof, Role, Signature } from '../core/index.ts'
import { hashOf, type NamedTokens, sameHash } from './named-tokens.ts'
import type { ProxyUsers } from './proxy.ts'

/** Who asks, as far as the agent itself has checked it. */
export interface Caller {
  /** Absent, and `proof` with it: whoever has the shared token, which names nobody. */
  readonly name?: string
  readonly proof?: Proof
  readonly role: Role
  /** What a session hangs on: as long as this is good, so is the session. */
  readonly key: string
  /** Which session, where it is by one. */
  readonly session?: string
}

/** Everything that a caller can show. */
export class Callers {
  /** Whoever has the shared token: an admin without a name. */
  readonly shared: Caller
  readonly #named: NamedTokens | undefined
  readonly proxy: ProxyUsers | undefined

  /** `shared`: the token of the file `http-token`, an admin's; `named`: those that `millwright token` gives out. */
  constructor(shared: string, named?: NamedTokens, proxy?: ProxyUsers) {
    this.shared = { role: 'admin', key: hashOf(shared) }
    this.#named = named
    this.proxy = proxy
  }

  /** Whose token it is; undefined where it is nobody's, or not any more. */
  ofToken(token: string, now: number): Caller | undefined {
    return this.ofKey(hashOf(token), now)
  }

  /** Whose key it is, with the role of today. */
  ofKey(key: string, now: number): Caller | undefined {
    if (sameHash(key, this.shared.key)) return this.shared
    const found = this.#named?.find(key, now)
    return found && { name: found.name, proof: 'token', role: found.role, key }
  }
}

/** With whose name a change is put down; `said`: the `by` of the request. */
export function signatureOf({ name, proof }: Pick<Caller, 'name' | 'proof'>, said: string | undefined): Signature {
  if (name === undefined || proof === undefined) return { by: said ?? 'unknown' }
  return { by: name, proof, ...(said !== undefined && said !== name && { said }) }
}
