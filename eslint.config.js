import { defineConfig } from 'eslint/config'
import importX from 'eslint-plugin-import-x'
import tseslint from 'typescript-eslint'

/**
 * The rooms of the agent, from the ground up: each may import from those before it, by their doors, and from no other.
 * `config`, `connectors` and `models` beside `agent/` stand on `core` alone, and never see each other.
 */
const grounds = ['config', 'connectors', 'models', 'operators', 'journal']
const floors = [
  'core',
  ...grounds,
  'expressions',
  'settings',
  'signals',
  'learning',
  'connections',
  'delivery',
  'ingest',
  'letters',
  'pipeline',
  'stations',
  'decisions',
  'training',
  'replay',
  'process',
  'view',
  'runtime',
  'http',
]
const outer = ['config', 'connectors', 'models']
const inner = floors.filter((room) => !outer.includes(room))
const folderOf = (room) => (outer.includes(room) ? room : `agent/${room}`)

const forbid = (patterns) => ({
  'no-restricted-imports': ['error', { patterns: patterns.filter(({ regex }) => regex !== '') }],
})

/** An import of one of these rooms, from wherever it is written. */
const anyOf = (rooms) => (rooms.length > 0 ? `^\\.[./]*/(agent/)?(${rooms.join('|')})/` : '')
/** An import of a file inside another room of the agent, past its door. */
const aroundDoors = (own) =>
  `^\\.[./]*/(agent/)?(${inner.filter((room) => room !== own && room !== 'core').join('|')})/(?!index\\.ts$)`

function rulesOf(room) {
  const above = floors.slice(floors.indexOf(room) + 1)
  const hidden = grounds.includes(room) ? floors.filter((other) => other !== room && other !== 'core') : above
  const message =
    room === 'core'
      ? 'agent/core imports nothing of the rooms.'
      : grounds.includes(room)
        ? `${folderOf(room)} sees agent/core only.`
        : `${folderOf(room)} stands below this room: see the order in eslint.config.js.`
  return {
    files: [`${folderOf(room)}/**`],
    rules: forbid([
      { regex: anyOf(hidden), message },
      ...(grounds.includes(room) || room === 'core'
        ? []
        : [{ regex: aroundDoors(room), message: 'A room is entered by its door, index.ts.' }]),
    ]),
  }
}

/** A file of more than 300 lines opens with a comment that says why it is not two. */
const long = 300
const longer = 'Longer than others:'
const reasonForLength = {
  create: (context) => ({
    Program(node) {
      const { sourceCode } = context
      const first = sourceCode.getAllComments()[0]
      const lines = sourceCode.lines.length - 1
      const stated = first?.loc.start.line === 1 && first.value.trim().startsWith(longer)
      if (lines > long && !stated)
        context.report({
          node,
          message: `${lines} lines: cut the file, or say why it is one in a first comment, "${longer} ...".`,
        })
      if (lines <= long && stated) context.report({ node, message: `${lines} lines are no more than others have.` })
    },
  }),
}

export default defineConfig(
  { ignores: ['dist', 'node_modules', 'config/reference', 'eslint.config.js'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { 'import-x': importX, length: { rules: { reason: reasonForLength } } },
    settings: {
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/extensions': ['.ts'],
      // What comes from packages closes no circle of ours.
      'import-x/ignore': ['node_modules'],
    },
    rules: {
      'length/reason': 'error',
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/no-invalid-void-type': 'off',
      'no-console': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      eqeqeq: 'error',
    },
  },
  ...floors.map(rulesOf),
  // What one reads first stands on all rooms, the command line on that.
  {
    files: ['agent/*.ts', 'agent/cli/**'],
    rules: forbid([{ regex: aroundDoors(''), message: 'A room is entered by its door, index.ts.' }]),
  },
  {
    files: ['agent/cli/**', 'test/bench/**', 'test/chaos/**', 'test/fuzz/**', 'test/support/**'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**'],
    rules: { '@typescript-eslint/no-unused-expressions': 'off', '@typescript-eslint/unbound-method': 'off' },
  },
)
