/** @type {import('jest').Config} */
module.exports = {
  preset: '@react-native/jest-preset',
  testMatch: [
    '<rootDir>/src/**/__tests__/**/*.test.{ts,tsx}',
    '<rootDir>/tests/**/*.test.{ts,tsx}',
    '<rootDir>/example/terminal/__tests__/*.test.{ts,tsx}',
  ],
  modulePathIgnorePatterns: ['<rootDir>/lib/', '<rootDir>/target/'],
  // Published as ES modules only, or as React Native's own source.
  transformIgnorePatterns: ['node_modules/(?!(@react-native|react-native|mobx)/)'],
};
