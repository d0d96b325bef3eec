// Removes one statement at a time and runs the tests. A statement that survives its removal is not tested.
//
//   node scripts/remove-statements.mjs lifecycle rust-core/src/manager/models/lifecycle.rs, by its policy tests
//   node scripts/remove-statements.mjs react     src/react, by jest; so do core, swapping and ai-sdk
//   node scripts/remove-statements.mjs kotlin    android/src/main, by the tests on this machine's Java
//   node scripts/remove-statements.mjs swift     the Swift and the Objective-C++ of ios/, by its tests and by its check
//   node scripts/remove-statements.mjs core src/core/models/Residents.ts
//                                                the named files only
//
// Run by hand; takes minutes. Works on a copy of the checkout. Exits with 1 if a statement survives.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appleStatements } from './remove-statements/apple.mjs';
import { kotlinStatements } from './remove-statements/kotlin.mjs';
import { rustStatements } from './remove-statements/rust.mjs';
import { typescriptStatements } from './remove-statements/typescript.mjs';

const root = join(import.meta.dirname, '..');

const TARGETS = {
  lifecycle: {
    files: ['rust-core/src/manager/models/lifecycle.rs'],
    built: [],
    statements: rustStatements,
    test: (copy) => cargo(copy, ['test', '--package', 'llama-rs-core', '--no-default-features', '--lib', 'manager::models::lifecycle']),
  },
  react: typescript('src/react'),
  core: typescript('src/core'),
  swapping: typescript('src/swapping'),
  'ai-sdk': typescript('src/ai-sdk'),
  kotlin: {
    files: filesOf('android/src/main/java/com/llamars', /\.kt$/),
    built: ['node_modules'],
    statements: kotlinStatements,
    test: jvmTests,
  },
  swift: {
    files: filesOf('ios', /^(?!Package).*\.(swift|mm)$/),
    built: ['node_modules'],
    statements: appleStatements,
    test: swiftTest,
  },
};

let library;
const [, , part, ...named] = process.argv;
const target = TARGETS[part];
if (target === undefined) {
  console.error(`usage: node scripts/remove-statements.mjs ${Object.keys(TARGETS).join('|')} [FILE...]`);
  process.exit(2);
}

const copy = mkdtempSync(join(tmpdir(), 'remove-statements-'));
try {
  const tracked = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  for (const file of tracked.toString().split('\0').filter(Boolean)) cpSync(join(root, file), join(copy, file));
  for (const built of target.built) symlinkSync(join(root, built), join(copy, built));
  if (!(await target.test(copy))) throw new Error('the tests fail before anything is removed');
  process.exitCode = (await survivors(copy, target)) === 0 ? 0 : 1;
} finally {
  rmSync(copy, { recursive: true });
}

async function survivors(copy, { files, statements, test }) {
  let tried = 0;
  let survived = 0;
  for (const file of named.length > 0 ? named : files) {
    const path = join(copy, file);
    const source = readFileSync(path, 'utf8');
    for (const { start, end, replacement } of await statements(source, file)) {
      tried += 1;
      writeFileSync(path, source.slice(0, start) + replacement + source.slice(end));
      const lives = await test(copy, file);
      if (lives) survived += 1;
      const line = source.slice(0, start).split('\n').length;
      const text = source.slice(start, end).trim().split('\n')[0];
      console.log(`${lives ? 'SURVIVED' : 'noticed '} ${file}:${line} ${text}`);
    }
    writeFileSync(path, source);
  }
  console.log(`${tried} statements removed one by one, ${survived} survived`);
  return survived;
}

function filesOf(folder, pattern, recursive = false) {
  return readdirSync(join(root, folder), { recursive })
    .filter((name) => pattern.test(name))
    .map((name) => `${folder}/${name}`);
}

function typescript(folder) {
  return {
    files: filesOf(folder, /^(?!.*__tests__).*\.tsx?$/, true),
    built: ['node_modules', 'node/llama-rs.node'],
    statements: typescriptStatements,
    // A test that hangs fills the memory until it is killed.
    test(copy) {
      const jest = [process.execPath, 'node_modules/.bin/jest', '--bail', '--silent', 'src'];
      return untilOneFails(jest, {}, /^FAIL /m, 60_000, copy);
    },
  };
}

function jvmTests(copy) {
  const build = join(root, 'scripts/build-library.sh');
  library ??= execFileSync(build, { stdio: ['ignore', 'pipe', 'ignore'] }).toString().trim();
  const command = [join(copy, 'scripts/jvm-tests.sh'), '-Dsurefire.runOrder=alphabetical'];
  return untilOneFails(command, { LLAMA_RS_LIBRARY: library }, /<<< (FAILURE|ERROR)!/, 60_000);
}

/** Runs Swift's tests in one language mode, without the test that waits for leases to run out. */
function swiftTest(copy, file) {
  const script = file?.endsWith('.mm') ? ['scripts/check-objc.sh'] : ['scripts/swift-tests.sh', '--skip', 'run_out'];
  const command = [join(copy, script[0]), ...script.slice(1)];
  return untilOneFails(command, { SWIFT_LANGUAGE_MODES: '6', SWIFT_TESTS_PATIENCE: '5' }, /: error: /, 100_000);
}

/**
 * Runs a command until its first failure, or until it is silent for `silenceMs`, and then kills it with its children. A
 * test that hangs has noticed the removal.
 */
function untilOneFails([command, ...args], env, failure, silenceMs, cwd) {
  const tests = spawn(command, args, { cwd, env: { ...process.env, ...env }, detached: true });
  const end = () => {
    try {
      process.kill(-tests.pid, 'SIGKILL');
    } catch {
      // The command has ended by itself meanwhile.
    }
  };
  const silence = setTimeout(end, silenceMs);
  const hear = (text) => {
    silence.refresh();
    if (failure.test(text)) end();
  };
  tests.stdout.on('data', hear);
  tests.stderr.on('data', hear);
  return new Promise((resolve) => {
    tests.on('close', (status) => {
      clearTimeout(silence);
      resolve(status === 0);
    });
  });
}

function cargo(copy, args) {
  const target = join(copy, 'target');
  return run(copy, 'cargo', [...args, '--quiet'], { CARGO_TARGET_DIR: target, CARGO_PROFILE_DEV_OPT_LEVEL: '0' });
}

function run(cwd, command, args, env = {}) {
  const options = { cwd, env: { ...process.env, ...env }, stdio: 'ignore', timeout: 300_000 };
  const { status } = spawnSync(command, args, options);
  return status === 0;
}
