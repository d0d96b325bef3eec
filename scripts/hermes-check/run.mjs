// Bundles the scripts of this folder, compiles them and runs them in a Hermes VM: the core with a scripted
// conversation, and the AI SDK. This Hermes is older than any that React Native ships today, so code that runs here
// runs there.
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

/** Compiles to ES5 by Babel alone, as an app does that leaves `Symbol.asyncIterator` to Babel. */
const ES5 = { target: 'es2022', env: { targets: { ie: '11' } } };

/**
 * Compiles to ES6 by esbuild, in a fraction of the time that Babel takes for the AI SDK, and then by Babel to the part
 * of ES6 that this Hermes has.
 */
const ES6 = {
  target: 'es2015',
  env: {
    targets: { node: '20' },
    include: [
      'transform-classes',
      'transform-block-scoping',
      'transform-unicode-property-regex',
      'transform-named-capturing-groups-regex',
    ],
  },
};

/** Compiles React Native's sources, which are written in Flow, and replaces the native modules that they import. */
const reactNative = {
  name: 'react-native',
  setup(build) {
    const filter = /\/(NativeBlobModule|ReactNativeFeatureFlags)$/;
    build.onResolve({ filter }, ({ path }) => ({ path, namespace: 'native' }));
    build.onLoad({ filter: /./, namespace: 'native' }, () => ({
      contents: 'export default null; export const enableNativeEventTargetEventDispatching = () => false;',
    }));
    build.onLoad({ filter: /node_modules\/react-native\/.*\.js$/ }, ({ path }) => {
      const preset = { disableImportExportTransform: true, enableBabelRuntime: false };
      const { code } = babel.transformSync(readFileSync(path, 'utf8'), {
        configFile: false,
        babelrc: false,
        filename: path,
        presets: [['@react-native/babel-preset', preset]],
      });
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
  // A promise that never settles ends the VM silently: only this line proves that every check ran.
  if (!/^hermes: [1-9]\d* checks passed$/m.test(output)) process.exitCode = 1;
}

function hermes() {
  const folders = { linux: 'linux64-bin', darwin: 'osx-bin', win32: 'win64-bin' };
  const path = join(dirname(require.resolve('hermes-engine-cli/package.json')), folders[process.platform], 'hermes');
  if (process.platform !== 'win32') chmodSync(path, 0o755);
  return path;
}
