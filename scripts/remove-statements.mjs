// Takes away one statement at a time and runs the tests: what survives is tested by nothing.
//
//   node scripts/remove-statements.mjs entry     rust-core/src/manager/entry.rs, by its policy tests
//   node scripts/remove-statements.mjs react     src/react, by jest; so do core and swapping
//   node scripts/remove-statements.mjs kotlin    android/src/main, by the tests on this machine's Java
//   node scripts/remove-statements.mjs swift     the Swift and the Objective-C++ of ios/, by its tests and by its check
//   node scripts/remove-statements.mjs core src/core/Residents.ts
//                                                only the files that are named
//
// Run by hand; it takes minutes. Works on a copy of the checkout. Exit code 1 if a statement survives.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const KOTLIN = 'android/src/main/java/com/llamars';

const TARGETS = {
  entry: {
    files: ['rust-core/src/manager/entry.rs'],
    built: [],
    statements: rustStatements,
    test: (copy) => cargo(copy, ['test', '--package', 'llama-rs-core', '--no-default-features', '--lib', 'manager::entry']),
  },
  react: typescript('src/react'),
  core: typescript('src/core'),
  swapping: typescript('src/swapping'),
  kotlin: {
    files: readdirSync(join(root, KOTLIN)).map((name) => `${KOTLIN}/${name}`),
    built: ['node_modules'],
    statements: kotlinStatements,
    test: jvmTests,
  },
  swift: {
    files: filesOf('ios', /^(?!Package).*\.(swift|mm)$/),
    built: ['node_modules'],
    statements: appleStatements,
    test: (copy, file) => run(copy, 'bash', file?.endsWith('.mm') ? ['scripts/check-objc.sh'] : ['scripts/swift-tests.sh']),
  },
};

// What no Kotlin compiles without, by how its line begins.
const NEEDED =
  /^ +(?:(?:override |private |internal |const )*(?:fun|va[lr]|set)\b|return (?!null)\S|else ->|when\b|listOf|mapOf|[A-Z]\w+\(|\w+ = \S+,$|context\.|names\.|true$|false$)/;
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

function filesOf(folder, pattern) {
  return readdirSync(join(root, folder)).filter((name) => pattern.test(name)).map((name) => `${folder}/${name}`);
}

function typescript(folder) {
  return {
    files: filesOf(folder, /\.tsx?$/),
    built: ['node_modules', 'node/llama-rs.node'],
    statements: typescriptStatements,
    test: (copy) => run(copy, 'npx', ['jest', '--bail', '--silent', 'src']),
  };
}

/** Every statement below the top level, and every one at the top that is no import, type or export of a name. */
async function typescriptStatements(source, file) {
  const { default: ts } = await import('typescript');
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    const isStatement = ts.isStatement(node) && !ts.isBlock(node);
    const isDeclaration =
      ts.isImportDeclaration(node) ||
      ts.isExportDeclaration(node) ||
      ts.isInterfaceDeclaration(node) ||
      ts.isTypeAliasDeclaration(node);
    if (isDeclaration) return;
    if (isStatement || ts.isCaseClause(node)) found.push({ start: node.getStart(), end: node.getEnd(), replacement: '' });
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(tree, visit);
  return found;
}

/** Every statement of a function, read off rustfmt's layout: where lines begin and how they end. */
function rustStatements(source) {
  const lines = source.split('\n');
  const offsets = lines.map((_, index) => lines.slice(0, index).join('\n').length + (index > 0 ? 1 : 0));
  const indent = (line) => line.length - line.trimStart().length;
  const found = [];
  lines.forEach((line, index) => {
    if (indent(line) < 8 || /^\s*(\/\/|[}|.])/.test(line)) return;
    const start = offsets[index];
    const arm = /=> (?=(self|effects)\.)/.exec(line);
    if (line.endsWith(';')) {
      found.push({ start, end: start + line.length, replacement: '' });
    } else if (arm && line.endsWith(',')) {
      found.push({ start: start + arm.index + arm[0].length, end: start + line.length, replacement: '{}' });
    } else if (/^\s*(if|for|let|self|effects)\b.*[{([]$/.test(line)) {
      const last = lines.findIndex((other, at) => at > index && indent(other) === indent(line) && /^\s*[}\])]+;?$/.test(other));
      if (last > 0) found.push({ start, end: offsets[last] + lines[last].length, replacement: '' });
    }
  });
  return found;
}

/**
 * Every statement of a function, arm of a `when` and one-line body, read off the layout: indents, and brackets that close.
 * Not what the compiler misses by its kind: a declaration, a returned value, the last arm, an argument, a branch's value.
 */
function kotlinStatements(source) {
  const lines = source.split('\n');
  const found = [];
  let start = 0;
  lines.forEach((line, index) => {
    const end = start + line.length;
    const body = /^ +(?:override |private |internal |open )*fun .*\)(?:: \w+)? = (?!Unit$)(.+)/.exec(line);
    if (body) {
      found.push({ start: end - body[1].length, end, replacement: 'Unit' });
    } else if (/^ {4,}["\w]/.test(line) && !NEEDED.test(line)) {
      found.push({ start, end: endOfStatement(lines, index, end), replacement: '' });
    }
    start = end + 1;
/** Every statement and member of a type, read off the layout: a line alone, or what it opens up to the end of that. */
function appleStatements(source) {
  const lines = source.split('\n');
  const offsets = lines.map((_, index) => lines.slice(0, index).join('\n').length + (index > 0 ? 1 : 0));
  const indent = (line) => line.length - line.trimStart().length;
  const found = [];
  lines.forEach((line, index) => {
    const text = line.trim();
    const says = text !== '' && !/^(\/\/|[#@}\])]|case |default|import |else|catch|do \{|- \(|\+ \(|RCT_|(public |private )?(final )?(class|enum|func) )/.test(text);
    if (!says || indent(line) === 0) return;
    const opens = /[{([]$/.test(text);
    const end = opens
      ? lines.findIndex((other, at) => at > index && indent(other) === indent(line) && /^\s*[})\]]/.test(other))
      : index;
    found.push({ start: offsets[index], end: offsets[end] + lines[end].length, replacement: '' });
  });
  return found;
}

/** Where brackets are closed again, and no deeper or dotted line goes on. */
function endOfStatement(lines, index, end) {
  const indent = lines[index].search(/\S/);
  for (let next = index + 1; next < lines.length && goesOn(lines[next], indent); next += 1) end += lines[next].length + 1;
  return end;
}

function goesOn(line, indent) {
  return line.search(/\S/) > indent || (line.search(/\S/) === indent && /^\s*[)}\]]/.test(line));
}

/** Ends with the first class that fails, and where nothing is heard for longer than any class takes. */
function jvmTests(copy) {
  library ??= execFileSync(join(root, 'scripts/build-library.sh'), { stdio: ['ignore', 'pipe', 'ignore'] }).toString().trim();
  const maven = spawn(join(copy, 'scripts/jvm-tests.sh'), ['-Dsurefire.runOrder=alphabetical'], {
    env: { ...process.env, LLAMA_RS_LIBRARY: library },
    detached: true,
  });
  const end = () => process.kill(-maven.pid, 'SIGKILL');
  const silence = setTimeout(end, 60_000);
  maven.stdout.on('data', (text) => {
    silence.refresh();
    if (/<<< (FAILURE|ERROR)!/.test(text)) end();
  });
  return new Promise((resolve) => {
    maven.on('close', (status) => {
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
  const { status } = spawnSync(command, args, { cwd, env: { ...process.env, ...env }, stdio: 'ignore', timeout: 300_000 });
  return status === 0;
}
