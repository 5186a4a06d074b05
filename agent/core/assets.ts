import { Pattern, piecesOf, type Piece } from './pattern.ts'
import type { TagTable } from './tags.ts'

/** A machine: its tags by role. Assets appear when the first of their tags does. */
export interface Asset {
  /** Index in its class, in order of appearance. */
  readonly index: number
  /** `line3/pump7`: the tag's name without the role. */
  readonly name: string
  /** Tag index by role index of the class; -1 where the asset has no such tag (yet). */
  readonly tags: number[]
}

/** Where a tag belongs: which asset of the class, in which role. */
export interface Place {
  readonly asset: Asset
  readonly role: number
}

/**
 * The assets of one class, found by a pattern over tag names such as `{line}/pump{n}/{role}`.
 * `{name}` captures within a level; `{role}` is required and names the signal, the rest names the asset.
 */
export class AssetClass {
  readonly name: string
  readonly assets: Asset[] = []
  /** Roles in order of appearance. */
  readonly roles: string[] = []
  readonly #tags: TagTable
  readonly #pattern: Pattern
  readonly #places: (Place | null)[] = []
  readonly #located: number[] = []
  readonly #byName = new Map<string, Asset>()

  constructor(name: string, pattern: string, tags: TagTable) {
    this.name = name
    this.#tags = tags
    this.#pattern = assetPattern(pattern)
  }

  /** The asset and role of a tag, or null where the tag is not of this class. One array read after the first time. */
  locate(tag: number): Place | null {
    return (this.#places[tag] ??= this.#place(tag)) || null
  }

  /** The tags placed so far, in order: locating them again in that order gives the same indices of assets and roles. */
  get located(): readonly number[] {
    return this.#located
  }

  #place(tag: number): Place | null {
    const tagName = this.#tags.at(tag).name
    const place = this.#pattern.match(tagName)?.get('role')
    if (!place) return null
    const { from, to } = place
    const roleName = tagName.slice(from, to)
    const assetName =
      `${tagName.slice(0, from)}${tagName.slice(to)}`.replace(/\/+/g, '/').replace(/^\/|\/$/g, '') || this.name
    const asset = this.asset(assetName)
    let role = this.roles.indexOf(roleName)
    if (role < 0) role = this.roles.push(roleName) - 1
    while (asset.tags.length < this.roles.length) asset.tags.push(-1)
    asset.tags[role] = tag
    this.#located.push(tag)
    return { asset, role }
  }

  /** The asset of that name, made on first sight. */
  asset(name: string): Asset {
    let asset = this.#byName.get(name)
    if (!asset) {
      asset = { index: this.assets.length, name, tags: [] }
      this.assets.push(asset)
      this.#byName.set(name, asset)
    }
    return asset
  }
}

/** The matcher of an asset pattern, with each `{name}` as a named place. Throws a SyntaxError where `{role}` is missing. */
export function assetPattern(pattern: string): Pattern {
  if (!pattern.includes('{role}'))
    throw new SyntaxError(`pattern "${pattern}" lacks {role}, the part that names the signal`)
  const seen = new Set<string>()
  const pieceOf = (found: string): Piece => {
    if (found === '*') return { any: 'level' }
    if (found === '**') return { any: 'levels' }
    const name = found.slice(1, -1)
    if (seen.has(name)) throw new SyntaxError(`pattern "${pattern}" uses {${name}} twice`)
    seen.add(name)
    return { name }
  }
  return new Pattern(piecesOf(pattern, /\{[A-Za-z_]\w*\}|\*\*|\*/g, pieceOf), true)
}
