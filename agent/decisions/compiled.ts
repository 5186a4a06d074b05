import { createHash } from 'node:crypto'
import { type Asset, type Setpoint, Secret, type Target } from '../core/index.ts'
import { callsOf, type Call, Expression } from '../expressions/index.ts'
import type { ActionSettings } from '../settings/index.ts'

/** A value that is given, or an expression that gives it. */
export type Source = Expression | Setpoint

/** An action with its expressions compiled. */
export interface Compiled {
  readonly name: string
  readonly settings: ActionSettings
  readonly when: Expression
  readonly until: Expression | undefined
  readonly interlock: Expression | undefined
  readonly value: Source | undefined
  readonly arguments: readonly Source[]
  readonly calls: readonly Call[]
  /** It reads the time itself: it is looked at again as time passes. */
  readonly timed: boolean
  /** Changes when any of its settings does. */
  readonly print: string
}

/** Throws where an expression is none; the configuration has been checked before. */
export function compile(name: string, settings: ActionSettings): Compiled {
  const { write, call, publish, post, set } = settings.do
  const value = write?.value ?? publish?.value ?? post?.value
  const texts = [settings.when, settings.until, settings.interlock].filter((text) => text !== undefined)
  const calls = texts.flatMap((text) => callsOf(text))
  return {
    name,
    settings,
    when: new Expression(settings.when),
    until: settings.until === undefined ? undefined : new Expression(settings.until),
    interlock: settings.interlock === undefined ? undefined : new Expression(settings.interlock),
    value: set ? set.value : value === undefined ? undefined : sourceOf(value),
    arguments: (call?.arguments ?? []).map(sourceOf),
    calls,
    timed: calls.some(({ name: called }) => called === 'age' || called === 'hour' || called === 'weekday'),
    print: createHash('sha256').update(JSON.stringify(settings, (_, part: unknown) => (part instanceof Secret ? '' : part))).digest('hex').slice(0, 16), // prettier-ignore
  }
}

function sourceOf(value: Setpoint): Source {
  return typeof value === 'string' ? new Expression(value) : value
}

/** Names that may become part of an address: nothing that means something there. */
const harmless = /^[\p{L}\p{N}_-]+(\/[\p{L}\p{N}_-]+)*$/u

/** Where a decision is carried out, by the name of its asset; undefined of a state; a text says why it cannot be. */
export function targetOf({ settings }: Compiled, asset: Asset | undefined): Target | undefined | string {
  const { write, call, publish, post } = settings.do
  const placed = write?.node ?? call?.method ?? publish?.topic ?? ''
  const needs = /\{(asset|\d)\}/.test([placed, call?.object ?? '', write?.read_back ?? ''].join(''))
  if (needs && asset && !harmless.test(asset.name)) return `"${asset.name.slice(0, 60)}" has signs that may mean something else in an address` // prettier-ignore
  const fill = (text: string) => filled(text, asset?.name ?? '')
  if (write) return { kind: 'write', to: write.connector, at: fill(write.node) }
  if (call) return { kind: 'call', to: call.connector, at: `${fill(call.object)} ${fill(call.method)}` }
  if (publish) return { kind: 'publish', to: publish.connector, at: fill(publish.topic) }
  return post ? { kind: 'post', to: post.url, at: '' } : undefined
}

/** `{asset}` and the levels of its name, `{1}`, `{2}`. */
export function filled(text: string, asset: string): string {
  const levels = asset.split('/')
  return text.replace(/\{(asset|\d)\}/g, (_, place: string) => place === 'asset' ? asset : (levels[Number(place) - 1] ?? '')) // prettier-ignore
}
