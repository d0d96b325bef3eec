// Writes THIRD_PARTY_NOTICES.md, the licences of all code that is linked into our libraries. With --check it only compares.
// Rust crates come from cargo's graph; the parts of llama.cpp are listed here.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const output = join(root, 'THIRD_PARTY_NOTICES.md');

const PLATFORMS = [
  'x86_64-unknown-linux-gnu',
  'aarch64-unknown-linux-gnu',
  'aarch64-apple-darwin',
  'aarch64-apple-ios',
  'aarch64-linux-android',
];

// Paths inside the crate llama-cpp-sys-2. Its other code (hashes, miniaudio, stb) belongs to programs and to the multimodal
// part, which we do not build.
const LLAMA_CPP_PARTS = [
  { name: 'llama.cpp and ggml', licence: 'MIT', text: 'LICENSE' },
  { name: 'cpp-httplib', licence: 'MIT', text: 'vendor/cpp-httplib/LICENSE' },
  { name: 'JSON for Modern C++', licence: 'MIT', copyright: 'Copyright (c) 2013-2025 Niels Lohmann' },
  { name: 'llamafile sgemm', licence: 'MIT', copyright: 'Copyright 2024 Mozilla Foundation' },
];

// Some crates name their licence without its text.
const MPL = readFileSync(join(root, 'scripts/MPL-2.0.txt'), 'utf8').trim();
const MIT = readFileSync(join(root, 'LICENSE'), 'utf8').split('\n').slice(4).join('\n').trim();

const metadata = cargoMetadata();
const crates = linkedCrates(metadata);
const llamaCpp = join(folderOf(crates.find(({ name }) => name === 'llama-cpp-sys-2')), 'llama.cpp');
const wanted = document();
if (process.argv.includes('--check')) {
  if (readFileSync(output, 'utf8') !== wanted) {
    console.error('THIRD_PARTY_NOTICES.md is out of date - run ./dev generate');
    process.exitCode = 1;
  }
} else {
  writeFileSync(output, wanted);
}

function document() {
  const parts = LLAMA_CPP_PARTS.map(({ name, licence, text, copyright }) => ({
    title: `${name} (${licence})`,
    text: text === undefined ? `${copyright}\n\n${MIT}` : readFileSync(join(llamaCpp, text), 'utf8'),
  }));
  const ours = crates.map((crate) => ({ title: `${crate.name} ${crate.version} (${crate.license})`, text: licenceOf(crate) }));
  return [
    '# Third-party notices',
    '<!-- Written by `./dev generate`. Do not edit. -->',
    'What our native libraries link statically, and under which terms.',
    '## llama.cpp and what it brings',
    ...sections(parts),
    '## Rust crates',
    ...sections(ours),
    '',
  ].join('\n\n').trimEnd() + '\n';
}

/** One section for each licence text, headed by the packages that it covers. */
function sections(entries) {
  const titles = new Map();
  for (const { title, text } of entries) {
    const key = text.replace(/\r/g, '').replace(/[ \t]+$/gm, '').trim();
    titles.set(key, [...(titles.get(key) ?? []), title]);
  }
  return [...titles].map(([text, covered]) => [...covered.map((title) => `- ${title}`), '', '```text', text, '```'].join('\n'));
}

function cargoMetadata() {
  const filters = PLATFORMS.flatMap((platform) => ['--filter-platform', platform]);
  const json = execFileSync('cargo', ['metadata', '--locked', '--format-version=1', ...filters], { cwd: root, maxBuffer: 1 << 28 });
  return JSON.parse(json);
}

/** All normal dependencies of our libraries, but procedural macros, which run in the compiler. */
function linkedCrates({ packages, resolve }) {
  const packageOf = new Map(packages.map((entry) => [entry.id, entry]));
  const nodeOf = new Map(resolve.nodes.map((node) => [node.id, node]));
  const seen = new Set();
  const visit = (id) => {
    if (seen.has(id) || packageOf.get(id).targets.some(({ kind }) => kind.includes('proc-macro'))) return;
    seen.add(id);
    for (const { pkg, dep_kinds: kinds } of nodeOf.get(id).deps) {
      if (kinds.some(({ kind }) => kind === null)) visit(pkg);
    }
  };
  for (const { id } of packages.filter(({ name }) => name === 'llama-rs-node' || name === 'llama-rs-ffi')) visit(id);
  return [...seen]
    .map((id) => packageOf.get(id))
    .filter(({ source }) => source !== null)
    .sort((a, b) => a.name.localeCompare(b.name, 'en') || a.version.localeCompare(b.version, 'en'));
}

/** The MIT text if a crate offers it, else all its licence files; its authors or its source if it has none. */
function licenceOf(crate) {
  const folder = folderOf(crate);
  const files = readdirSync(folder).filter((name) => /^(licen[cs]e|copying|unlicense)/i.test(name)).sort();
  const mit = files.filter((name) => /mit/i.test(name));
  const chosen = mit.length > 0 ? mit : files;
  if (chosen.length > 0) return chosen.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n\n');
  if (crate.license === 'MPL-2.0') return `The source: ${crate.repository}, unchanged\n\n${MPL}`;
  if (!/\bMIT\b/.test(crate.license)) throw new Error(`${crate.name}: no licence text, and ${crate.license} is not MIT`);
  return `Copyright (c) ${crate.authors.join(', ') || `the authors of ${crate.name}`}\n\n${MIT}`;
}

function folderOf(crate) {
  return dirname(crate.manifest_path);
}
