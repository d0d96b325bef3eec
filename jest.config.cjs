/** @type {import('jest').Config} */
module.exports = {
  preset: '@react-native/jest-preset',
  testMatch: [
    '<rootDir>/src/**/__tests__/**/*.test.{ts,tsx}',
    '<rootDir>/tests/**/*.test.{ts,tsx}',
    '<rootDir>/example/**/__tests__/*.test.{ts,tsx}',
  ],
  // A test that hangs fails by this; how long a test takes says nothing.
  testTimeout: 60_000,
  // The example imports the package by its name, which stands for the sources here.
  moduleNameMapper: {
    '^react-native-llama-rs$': '<rootDir>/src/index.ts',
    '^react-native-llama-rs/(ai-sdk|inspector|testing)$': '<rootDir>/src/$1',
  },
  modulePathIgnorePatterns: ['<rootDir>/lib/', '<rootDir>/target/'],
  // These packages are published as ES modules only, or as React Native's own source.
  transformIgnorePatterns: [
    'node_modules/(?!(@react-native|react-native|mobx|marked|ai|@ai-sdk|zod|@workflow|eventsource-parser|swr|throttleit)/)',
  ],
};
