const { resolve } = require('node:path');

const { getDefaultConfig, mergeConfig } = require('@react-native/metro-config');

const root = resolve(__dirname, '..');

/** The sources of the library in this checkout, under the names of its published `exports` for React Native. */
const SOURCES = {
  'react-native-llama-rs': resolve(root, 'src/index.native.ts'),
  'react-native-llama-rs/ai-sdk': resolve(root, 'src/ai-sdk/index.ts'),
  'react-native-llama-rs/inspector': resolve(root, 'src/inspector.ts'),
};

module.exports = mergeConfig(getDefaultConfig(__dirname), {
  watchFolders: [root],
  resolver: {
    nodeModulesPaths: [resolve(root, 'node_modules')],
    resolveRequest: (context, name, platform) =>
      name in SOURCES ? { type: 'sourceFile', filePath: SOURCES[name] } : context.resolveRequest(context, name, platform),
  },
});
