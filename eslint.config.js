import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

/** Imports point one way: core <- rooms <- agent/*.ts <- agent/cli. A room never sees another room. */
const rooms = ['config', 'connectors', 'models', 'agent/operators', 'agent/journal']

const forbid = (patterns, message) => ({
  'no-restricted-imports': ['error', { patterns: [{ regex: `(^|/)(${patterns.join('|')})/`, message }] }],
})

export default defineConfig(
  { ignores: ['dist', 'node_modules', 'config/reference', 'eslint.config.js'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
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
  {
    files: ['agent/core/**'],
    rules: forbid(
      ['connectors', 'models', 'config', 'operators', 'journal'],
      'agent/core imports nothing of the rooms.',
    ),
  },
  ...rooms.map((room) => ({
    files: [`${room}/**`],
    rules: forbid(
      rooms.filter((other) => other !== room).map((other) => other.replace('agent/', '')),
      `${room} sees agent/core only.`,
    ),
  })),
  { files: ['agent/cli/**', 'test/bench/**', 'test/support/**'], rules: { 'no-console': 'off' } },
  {
    files: ['test/**'],
    rules: { '@typescript-eslint/no-unused-expressions': 'off', '@typescript-eslint/unbound-method': 'off' },
  },
)
