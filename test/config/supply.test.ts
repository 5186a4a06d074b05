import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, text } from './repository.ts'

interface Locked {
  readonly version?: string
  readonly dev?: boolean
  readonly license?: string
  readonly integrity?: string
  readonly resolved?: string
}

interface Component {
  readonly name: string
  readonly version: string
  readonly hashes?: readonly object[]
  readonly properties?: readonly { readonly name: string }[]
}

/** What may be in an installation: licences that ask for a notice at most, or bind what they are of alone. */
const allowed = [
  ...['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'CC0-1.0', 'ISC', 'MIT', 'Unlicense'],
  // libvips behind sharp: a library of its own in a package of its own, which may be exchanged.
  'LGPL-3.0-or-later',
]

/** Packages that name no licence where npm looks, with what their own text says. */
const told: Readonly<Partial<Record<string, readonly [file: string, words: RegExp, license: string]>>> = {
  dequeue: ['LICENSE', /2-Clause BSD license/, 'BSD-2-Clause'],
  humanize: ['LICENSE', /Permission is hereby granted, free of charge/, 'MIT'],
  precond: ['README.md', /free to use under the terms of the \[MIT license\]/, 'MIT'],
}

/** Whether an SPDX expression of AND and OR is met by what is allowed. */
function isAllowed(expression: string): boolean {
  const plain = expression.replace(/^\((.*)\)$/, '$1')
  if (plain.includes(' AND ')) return plain.split(' AND ').every(isAllowed)
  if (plain.includes(' OR ')) return plain.split(' OR ').some(isAllowed)
  return allowed.includes(plain)
}

describe('what is installed', () => {
  const { packages } = JSON.parse(text('package-lock.json')) as { packages: Record<string, Locked> }
  const production = Object.entries(packages).filter(([path, { dev }]) => path !== '' && !dev)
  const nameOf = (path: string) => path.split('node_modules/').at(-1)!

  it('is under licences that let a plant use it', () => {
    assert.ok(production.length > 200)
    for (const [path, { license }] of production) {
      const name = nameOf(path)
      const known = license ?? told[name]?.[2]
      assert.ok(known !== undefined && isAllowed(known), `${name}: ${known ?? 'no licence'}`)
      if (license !== undefined) continue
      const [file, words] = told[name]!
      assert.match(readFileSync(join(root, path, file), 'utf8'), words)
    }
    assert.ok(!isAllowed('GPL-3.0-only') && !isAllowed('MIT AND GPL-2.0-only') && isAllowed('(GPL-2.0-only OR MIT)'))
  })

  it('is what the lock names: from a registry, by its hash', () => {
    for (const [path, { integrity, resolved = 'https:' }] of Object.entries(packages)) {
      if (path === '') continue
      assert.match(integrity ?? '', /^sha512-/, path)
      assert.match(resolved, /^https:/, path)
    }
  })

  it('is all in the bill of materials, with what only builds and tests marked as such', () => {
    const words = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx']
    const script = (JSON.parse(text('package.json')) as { scripts: Record<string, string> }).scripts.sbom
    assert.equal(script, ['npm', ...words].join(' '))
    const made = JSON.parse(execFileSync('npm', words, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })) as { bomFormat: string; components: Component[] } // prettier-ignore
    assert.equal(made.bomFormat, 'CycloneDX')
    const listed = new Map(made.components.map((component) => [`${component.name} ${component.version}`, component]))
    for (const [path, { version, dev = false }] of Object.entries(packages)) {
      if (path === '') continue
      const { hashes, properties = [] } = listed.get(`${nameOf(path)} ${version}`) ?? {}
      assert.ok((hashes?.length ?? 0) > 0, `${path} ${version}`)
      assert.equal(
        properties.some(({ name }) => name === 'cdx:npm:package:development'),
        dev,
        path,
      )
    }
  })
})
