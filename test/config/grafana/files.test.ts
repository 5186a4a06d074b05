import assert from 'node:assert/strict'
import { dashboards, fluxOf, queries, type PanelFile } from './extract.ts'

/** What a Flux query of ours is made of. */
const verbs = new Set(
  'aggregateWindow count derivative drop filter group keep last limit map pivot range rename set sort spread yield'.split(
    ' ',
  ),
)

describe('dashboards', () => {
  for (const dialect of ['influxql', 'flux']) {
    describe(dialect, () => {
      for (const { title, panels, templating, annotations } of dashboards(dialect)) {
        it(`"${title}" lays its panels side by side`, () => {
          const occupied = new Map<string, string>()
          assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
          for (const { title: panel, gridPos } of panels) {
            assert.ok(gridPos.x + gridPos.w <= 24, panel)
            for (const cell of cellsOf(gridPos)) {
              assert.equal(occupied.get(cell), undefined, `${panel} lies over another`)
              occupied.set(cell, panel)
            }
          }
        })

        it(`"${title}" uses variables that it has`, () => {
          const known = new Set(templating.list.map(({ name }) => name))
          const text = JSON.stringify([panels.map(({ targets }) => targets), annotations, templating])
          const used = [...text.matchAll(/=~ \/\^\$\{?(\w+)/g)].map(([, name]) => name)
          assert.ok(used.length > 0)
          assert.deepEqual(
            used.filter((name) => !known.has(name)),
            [],
          )
        })
      }
    })
  }

  it('are the same in both languages, but for the queries', () => {
    const outline = (dialect: string) =>
      dashboards(dialect).map(({ uid, title, panels, templating }) => ({
        ...{ uid, title, variables: templating.list.map(({ name }) => name) },
        panels: panels.map(({ type, title: panel, gridPos, targets }) => [type, panel, gridPos, targets?.length]),
      }))
    assert.deepEqual(outline('flux'), outline('influxql'))
  })

  it('lead to dashboards that are there', () => {
    const uids = new Set(dashboards('influxql').map(({ uid }) => uid))
    const links = [...JSON.stringify(dashboards('influxql')).matchAll(/\/d\/([\w-]+)/g)].map(([, uid]) => uid)
    assert.ok(links.length > 0)
    assert.deepEqual(
      links.filter((uid) => !uids.has(uid)),
      [],
    )
  })
})

// No server with Flux is among Debian's packages; flux-server.ts beside this file runs all of it on one you name.
describe('Flux of the dashboards', () => {
  for (const { where, query } of queries('flux')) {
    it(`${where} is well formed`, () => {
      const text = fluxOf(query, [0, 1], 'plant', false)
      assert.doesNotMatch(text, /\$\{|v\.[a-z]/, 'every variable and macro is known')
      assert.equal(balance(text), 0)
      for (const statement of text.split('\n\n')) {
        assert.match(
          statement,
          /^(from\(bucket: "plant"\)\n {2}\|> range\(|import "influxdata\/influxdb\/v1"\nv1\.tagValues\()/,
        )
        const steps = [...statement.matchAll(/\n {2}\|> (\w+)\(/g)].map(([, verb]) => verb)
        assert.deepEqual(
          steps.filter((verb) => !verbs.has(verb)),
          [],
        )
      }
    })
  }
})

function cellsOf({ x, y, w, h }: PanelFile['gridPos']): string[] {
  return Array.from({ length: w * h }, (_, index) => `${x + (index % w)} ${y + Math.floor(index / w)}`)
}

/** Opened minus closed, of parentheses, brackets and braces outside of texts. */
function balance(text: string): number {
  const bare = text.replaceAll(/"[^"]*"/g, '')
  return (bare.match(/[([{]/g)?.length ?? 0) - (bare.match(/[)\]}]/g)?.length ?? 0)
}
