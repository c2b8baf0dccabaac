// The rules of eslint for the page (TypeScript and Vue), the tests and the tools (plain modules of node). The packages
// are those of web/; the folder the rules hold for is the root of the tree. Mistakes only: how a line looks is no rule here.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(import.meta.dirname, '../../web/package.json'));
const load = async (name) => {
  const module = await import(pathToFileURL(require.resolve(name)));
  return module.default ?? module;
};
const [js, ts, vue, vueParser, globals] = await Promise.all(
  ['@eslint/js', 'typescript-eslint', 'eslint-plugin-vue', 'vue-eslint-parser', 'globals'].map(load));

const mistakes = {
  eqeqeq: ['error', 'always', { null: 'ignore' }],
  'no-var': 'error',
  'prefer-const': ['error', { destructuring: 'all' }],
  'no-self-compare': 'error',
  'no-template-curly-in-string': 'error',
  'no-constructor-return': 'error',
  'no-eval': 'error',
  'no-implied-eval': 'error',
  'no-new-func': 'error',
  'no-throw-literal': 'error',
};
const unused = ['error', { args: 'after-used', argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none', ignoreRestSiblings: true }];

export default [
  { ignores: ['**/node_modules/**', 'web/dist/**', 'test/out/**', 'bench/out/**', '**/*.d.ts', '**/*.d.cts'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.mjs', '**/*.js', '**/*.cjs'],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
    rules: { ...mistakes, 'no-unused-vars': unused },
  },
  ...ts.configs.recommended.map((c) => ({ ...c, files: ['**/*.ts', '**/*.vue'] })),
  ...vue.configs['flat/essential'].map((c) => (c.files || c.plugins === undefined ? { ...c, files: ['**/*.vue'] } : c)),
  {
    files: ['**/*.ts', '**/*.vue'],
    languageOptions: { parser: vueParser, parserOptions: { parser: ts.parser, sourceType: 'module' }, globals: { ...globals.browser } },
    rules: {
      ...mistakes,
      'no-undef': 'off', // the type checker knows better
      'no-unused-vars': 'off',
      '@typescript-eslint/no-unused-vars': unused,
      'vue/multi-word-component-names': 'off', // Shell, App: nothing of HTML is called that
    },
  },
];
