// Bundles the app, and the AI SDK as an app imports it, for both phones with Metro. Compiles the bundles to Hermes
// bytecode, as a release build does.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';

import { root } from './bundle.mjs';

// Hermes's compiler, from where React Native takes it.
const { resolve } = createRequire(createRequire(import.meta.url).resolve('react-native/package.json'));
const folder = mkdtempSync(join(tmpdir(), 'llama-bundle-'));
const BINARIES = { linux: 'linux64-bin', darwin: 'osx-bin', win32: 'win64-bin' };
const hermesc = join(
  dirname(resolve('hermes-compiler/package.json')),
  'hermesc',
  BINARIES[process.platform],
  'hermesc',
);

try {
  for (const [platform, entry] of ['android', 'ios'].flatMap((name) => [
    [name, 'index.js'],
    [name, 'aiSdk.js'],
  ])) {
    const bundle = join(folder, `${platform}-${entry}`);
    const options = [
      '--platform',
      platform,
      '--dev',
      'false',
      '--entry-file',
      entry,
      '--bundle-output',
      bundle,
      '--config',
      'metro.config.cjs',
    ];
    run(process.execPath, [`${root}node_modules/react-native/cli.js`, 'bundle', ...options]);
    run(hermesc, ['-emit-binary', '-O', '-w', '-out', `${bundle}.hbc`, bundle]);
    console.log(
      `${platform}, ${entry}: ${statSync(bundle).size} bytes of JavaScript, ${statSync(`${bundle}.hbc`).size} of bytecode`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Runs a program, and shows its output only if it fails. */
function run(program, args) {
  try {
    execFileSync(program, args, { cwd: `${root}example`, stdio: 'pipe' });
  } catch (error) {
    console.error(`${error.stdout}${error.stderr}`);
    throw new Error(`${program} failed`);
  }
}
