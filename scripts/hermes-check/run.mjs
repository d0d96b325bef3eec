// Bundles the core with a scripted conversation, compiles it to ES5 and runs it in a Hermes VM. This Hermes is older
// than any that React Native ships today: what runs here runs there.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import babel from '@babel/core';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

const bundle = await build({
  entryPoints: [join(here, 'conversation.ts')],
  bundle: true,
  write: false,
  format: 'iife',
  target: 'es2022',
});
const { code } = await babel.transformAsync(bundle.outputFiles[0].text, {
  configFile: false,
  compact: false,
  presets: [['@babel/preset-env', { targets: { ie: '11' } }]],
});

const folder = mkdtempSync(join(tmpdir(), 'llama-hermes-'));
try {
  const file = join(folder, 'conversation.js');
  writeFileSync(file, code);
  const output = execFileSync(hermes(), ['-w', '-Xes6-promise', '-Xmicrotask-queue', file], { encoding: 'utf8' });
  process.stdout.write(output);
  // A promise that never settles ends the VM without a word: only this line says that everything ran.
  if (!/^hermes: [1-9]\d* checks passed$/m.test(output)) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}

function hermes() {
  const folders = { linux: 'linux64-bin', darwin: 'osx-bin', win32: 'win64-bin' };
  const path = join(dirname(require.resolve('hermes-engine-cli/package.json')), folders[process.platform], 'hermes');
  if (process.platform !== 'win32') chmodSync(path, 0o755);
  return path;
}
