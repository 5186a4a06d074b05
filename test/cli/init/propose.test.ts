import assert from 'node:assert/strict'
import fc from 'fast-check'
import { assetPattern } from '../../../agent/core/index.ts'
import { proposeClasses, tagLevels, unique } from '../../../agent/cli/init/propose.ts'

const numbers = (...names: string[]) => names.map((tag) => ({ tag, type: 'number' as const }))

describe('proposed classes of machines', () => {
  const rows: [string, string[], Record<string, string>][] = [
    [
      'machines whose names differ in a number are of a kind',
      ['line1/pump1/speed', 'line1/pump2/speed', 'line2/pump7/flow'],
      { pump: '{line}/pump{n}/{role}' },
    ],
    [
      'kinds beside each other stay apart',
      ['hall/pump1/speed', 'hall/press1/force', 'hall/press1/stroke'],
      { pump: 'hall/pump{n}/{role}', press: 'hall/press{n}/{role}' },
    ],
    [
      'neighbours with the same signals are of a kind, whatever their names',
      ['hall/north/speed', 'hall/north/load', 'hall/south/load', 'hall/south/speed'],
      { hall: 'hall/{machine}/{role}' },
    ],
    [
      'neighbours with other signals are not',
      ['hall/north/speed', 'hall/south/load'],
      { north: 'hall/north/{role}', south: 'hall/south/{role}' },
    ],
    [
      'the same part of machines is one class, in sub-folders as well',
      ['hall/press1/drive/speed', 'hall/press2/drive/speed', 'hall/press1/oil/level', 'hall/press2/oil/level'],
      { drive: 'hall/{press}/drive/{role}', oil: 'hall/{press}/oil/{role}' },
    ],
    [
      'so it is where the machines have names of their own',
      ['hall/north/drive/speed', 'hall/south/drive/speed', 'hall/south/drive/load', 'hall/north/drive/load'],
      { drive: 'hall/{area}/drive/{role}' },
    ],
    ['a tag without a machine belongs to the plant', ['ambient'], { plant: '{role}' }],
    ['a machine alone keeps its name', ['mixer/speed', 'mixer/load'], { mixer: 'mixer/{role}' }],
  ]
  for (const [what, tags, expected] of rows)
    it(what, () => {
      const found = proposeClasses(numbers(...tags))
      assert.deepEqual(Object.fromEntries(found.map(({ name, pattern }) => [name, pattern])), expected)
    })

  it('machines with texts only are none', () => {
    assert.deepEqual(proposeClasses([{ tag: 'press/recipe', type: 'text' }]), [])
  })

  it('each machine is found by the pattern of exactly one class, whatever the names', () => {
    const level = fc.oneof(
      fc.constantFrom('line1', 'line2', 'pump1', 'pump2', 'press', 'a', 'a1', 'north', 'X-7', '9'),
      fc.stringMatching(/^[A-Za-z0-9_.-]{1,6}$/),
    )
    const tag = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'))
    fc.assert(
      fc.property(fc.uniqueArray(tag, { minLength: 1, maxLength: 40 }), (tags) => {
        const classes = proposeClasses(numbers(...tags))
        assert.equal(new Set(classes.map(({ name }) => name)).size, classes.length)
        for (const name of tags) {
          const machine = name.split('/').slice(0, -1).join('/')
          const matching = classes.filter(({ pattern }) => assetPattern(pattern).test(name))
          assert.equal(matching.length, 1, `${name} in ${matching.map(({ pattern }) => pattern).join(', ')}`)
          assert.ok(matching[0].assets.includes(machine))
        }
      }),
      { numRuns: 300, seed: 7 },
    )
  })

  it('tag names hold nothing that patterns give a meaning to', () => {
    assert.deepEqual(tagLevels(['DB "Press"', 'Force {kN}']), ['DB_Press', 'Force_kN_'])
    assert.deepEqual(tagLevels(['Press.Force']), ['Press', 'Force'])
    assert.deepEqual(unique(['a', 'b', 'a', 'a']), ['a', 'b', 'a_2', 'a_3'])
  })
})
