// Bundles what runs in this folder, compiles it and runs it in a Hermes VM: the core with a scripted conversation, and
// the AI SDK. This Hermes is older than any that React Native ships today: what runs here runs there.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import babel from '@babel/core';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

/** ES5 by Babel alone: also what an app gets that leaves `Symbol.asyncIterator` to Babel. */
const ES5 = { target: 'es2022', env: { targets: { ie: '11' } } };

/** Down to what this Hermes has of ES6 by esbuild, in a fraction of the time that Babel takes for the AI SDK; the rest by Babel. */
const ES6 = {
  target: 'es2015',
  env: {
    targets: { node: '20' },
    include: ['classes', 'block-scoping', 'unicode-property-regex', 'named-capturing-groups-regex'].map((name) => `transform-${name}`),
  },
};

/** React Native's sources are Flow, and ask for native modules, which are not here. */
const reactNative = {
  name: 'react-native',
  setup(build) {
    build.onResolve({ filter: /\/(NativeBlobModule|ReactNativeFeatureFlags)$/ }, ({ path }) => ({ path, namespace: 'native' }));
    build.onLoad({ filter: /./, namespace: 'native' }, () => ({
      contents: 'export default null; export const enableNativeEventTargetEventDispatching = () => false;',
    }));
    build.onLoad({ filter: /node_modules\/react-native\/.*\.js$/ }, ({ path }) => {
      const presets = [['@react-native/babel-preset', { disableImportExportTransform: true, enableBabelRuntime: false }]];
      const { code } = babel.transformSync(readFileSync(path, 'utf8'), { configFile: false, babelrc: false, filename: path, presets });
      return { contents: code };
    });
  },
};

const folder = mkdtempSync(join(tmpdir(), 'llama-hermes-'));
try {
  await run(['conversation.ts'], ES5);
  await run(['reactNativeGlobals.mjs', 'aiSdk.ts'], ES6);
} finally {
  rmSync(folder, { recursive: true });
}

async function run(names, { target, env }) {
  const { outputFiles } = await build({
    entryPoints: names.map((name) => join(here, name)),
    outdir: folder,
    bundle: true,
    write: false,
    format: 'iife',
    target,
    define: { 'process.env.NODE_ENV': '"production"', __DEV__: 'false', global: 'globalThis' },
    plugins: [reactNative],
    logLevel: 'error',
  });
  const { code } = await babel.transformAsync(outputFiles.map(({ text }) => text).join('\n'), {
    configFile: false,
    compact: false,
    presets: [['@babel/preset-env', { ...env, modules: false }]],
  });
  const file = join(folder, 'bundle.js');
  writeFileSync(file, code);
  const output = execFileSync(hermes(), ['-w', '-Xes6-promise', '-Xmicrotask-queue', file], { encoding: 'utf8' });
  process.stdout.write(output);
  // A promise that never settles ends the VM without a word: only this line says that everything ran.
  if (!/^hermes: [1-9]\d* checks passed$/m.test(output)) process.exitCode = 1;
}

function hermes() {
  const folders = { linux: 'linux64-bin', darwin: 'osx-bin', win32: 'win64-bin' };
  const path = join(dirname(require.resolve('hermes-engine-cli/package.json')), folders[process.platform], 'hermes');
  if (process.platform !== 'win32') chmodSync(path, 0o755);
  return path;
}
