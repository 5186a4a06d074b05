import { BlockList, isIP, isIPv6 } from 'node:net'
import { covers, type Role, roles as known } from '../core/index.ts'
import type { Caller } from './callers.ts'
import { Problem } from './problem.ts'

/** A reverse proxy that logs people in, as `http.proxy` of the configuration describes it. */
export interface ProxySettings {
  /** Addresses and networks, `10.0.0.4` or `10.0.0.0/24`. */
  readonly trust: readonly string[]
  readonly user_header: string
  readonly role_header?: string | undefined
  readonly groups?: { readonly header: string; readonly roles: Readonly<Record<string, Role>> } | undefined
  readonly role?: Role | undefined
}

/** Reads a header of a request. */
type Header = (name: string) => string | undefined

/** Longest name of a user. */
const longest = 100

/** People whom a reverse proxy has logged in, by OIDC for one: it names them in headers, which are believed from its address alone. */
export class ProxyUsers {
  readonly #settings: ProxySettings
  readonly #trusted = new BlockList()

  constructor(settings: ProxySettings) {
    this.#settings = settings
    for (const network of settings.trust) {
      const [address, bits] = network.split('/') as [string, string?]
      const family = isIPv6(address) ? 'ipv6' : 'ipv4'
      if (bits === undefined) this.#trusted.addAddress(address, family)
      else this.#trusted.addSubnet(address, Number(bits), family)
    }
  }

  /** Whether an address is one of the proxy's. */
  trusts(address: string): boolean {
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
    return isIP(plain) > 0 && this.#trusted.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4')
  }

  /**
   * Throws a Problem where somebody else than the proxy sends a header that is for the proxy to send, and where one comes
   * twice: a proxy that adds its own to what its clients send lets these choose. `names`: of all headers, as they came.
   */
  refuseOthers(address: string, names: readonly string[]): void {
    const { user_header, role_header, groups } = this.#settings
    for (const own of [user_header, role_header, groups?.header]) {
      const sent = names.filter((name) => name.toLowerCase() === own).length
      if (sent > 0 && !this.trusts(address))
        throw new Problem('HTTP_NOT_THE_PROXY', `${own!} is for the reverse proxy to say, and ${address} is none`)
      if (sent > 1)
        throw new Problem('HTTP_NOT_THE_PROXY', `${own!} came twice: the proxy must replace it, not add to it`)
    }
  }

  /** The user that a request of the proxy is of; undefined where it names none. Throws a Problem where they have no role. */
  callerOf(address: string, header: Header): Caller | undefined {
    if (!this.trusts(address)) return undefined
    const { user_header } = this.#settings
    const name = header(user_header)?.trim()
    if (!name) return undefined
    if (name.length > longest) throw new Problem('HTTP_FORBIDDEN', `the name in ${user_header} is too long`)
    const role = this.#roleOf(header)
    if (!role) throw new Problem('HTTP_FORBIDDEN', `the reverse proxy gives ${name} no role here`)
    return { name, proof: 'proxy', role, key: `proxy ${name}` }
  }

  /** The highest that role or groups give. */
  #roleOf(header: Header): Role | undefined {
    const { role_header, groups, role } = this.#settings
    const told = role_header === undefined ? [] : listOf(header(role_header)).filter(isRole)
    const given = groups ? listOf(header(groups.header)).flatMap((group) => own(groups.roles, group) ?? []) : []
    const all = [...told, ...given]
    return all.length > 0 ? all.reduce((best, next) => (covers(next, best) ? next : best)) : role
  }
}

function listOf(text = ''): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function isRole(text: string): text is Role {
  return Object.hasOwn(known, text)
}

function own(roles: Readonly<Record<string, Role>>, group: string): Role | undefined {
  return Object.hasOwn(roles, group) ? roles[group] : undefined
}
