import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

const refused = [
  { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
  { selector: 'TSEnumDeclaration', message: 'Use a union of strings.' },
];

/** Arrows point one way: React, the AI SDK and the testing kit import the core. */
const CORE_NEVER_IMPORTS = [
  'react',
  'react-native',
  'react-native/*',
  'node:*',
  '**/react/*',
  '**/ai-sdk/*',
  '**/swapping/*',
  '**/testing/*',
];

export default tseslint.config(
  { ignores: ['lib/', 'node_modules/', 'target/', 'coverage/', 'fixtures/contract/', 'src/protocol/generated.ts', '**/*.cjs', '**/*.js', '**/*.mjs'] },
  ...tseslint.configs.strictTypeChecked,
  reactHooks.configs.flat.recommended,
  {
    languageOptions: { parserOptions: { projectService: true } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'no-restricted-syntax': ['error', ...refused],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    files: ['**/__tests__/**'],
    rules: {
      // A component in a test passes its values to the test.
      'react-hooks/globals': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    // Expo uses a plugin's default export.
    files: ['app.plugin.d.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    // The core runs in any JavaScript engine: no React, no React Native, no Node.
    files: ['src/core/**/*.ts', 'src/protocol/**/*.ts', 'src/swapping/**/*.ts'],
    ignores: ['**/__tests__/**'],
    rules: {
      'no-restricted-imports': ['error', { patterns: CORE_NEVER_IMPORTS }],
      'no-restricted-globals': ['error', 'AbortController', 'structuredClone', 'queueMicrotask', 'process', 'WeakRef', 'setImmediate'],
    },
  },
);
