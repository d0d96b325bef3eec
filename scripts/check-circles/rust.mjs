// Which file of a Rust crate needs which: by its `use` lines and by the paths written out in its code.
import { readFileSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';

import { filesUnder } from '../files.mjs';

const PATH = /\b(?:crate|self|super)(?:::\s*\w+)+/g;
const TEST_ONLY = '#[cfg(test)]';
const VISIBILITY = /(?<=\bpub\()in [^)]*(?=\))/g;
const USE = /(\bpub(?:\([^)]*\))?\s+)?\buse\s+([^;]+);/g;

export const isRustTest = (path) => /(^|\/)tests?(\/|\.rs$)|_tests?(\/|\.rs$)/.test(path);

/** Reads every file of the crate in `folder` but its tests. */
export function readCrate(folder) {
  const modules = new Map();
  for (const path of filesUnder(folder, /\.rs$/)) {
    const inside = relative(folder, path);
    if (!isRustTest(inside)) modules.set(nameOf(inside), readModule(path, nameOf(inside)));
  }
  return modules;
}

/** `manager::models::table` for `manager/models/table.rs`, and '' for the root. */
function nameOf(path) {
  const folder = dirname(path) === '.' ? [] : dirname(path).split('/');
  const own = basename(path, '.rs');
  return (own === 'mod' || own === 'lib' ? folder : [...folder, own]).join('::');
}

function readModule(path, name) {
  // A visibility names a module without needing anything of it.
  const code = withoutTests(withoutComments(readFileSync(path, 'utf8'))).replace(VISIBILITY, blank);
  const imports = [];
  const body = code.replace(USE, (statement, isPublic, tree, offset) => {
    const line = lineAt(code, offset + (statement.length - statement.trimStart().length));
    for (const item of leaves(tree)) imports.push({ ...item, line, isPublic: isPublic !== undefined });
    return statement.replace(/[^\n]/g, ' ');
  });
  for (const { 0: text, index } of body.matchAll(PATH)) {
    const segments = text.split('::').map((segment) => segment.trim());
    imports.push({ segments, as: segments.at(-1), line: lineAt(body, index), isPublic: false });
  }
  return { path, name, imports, body };
}

/** The paths of a `use` tree: `a::{b, c as d}` has `a::b` and `a::c`, known as `d`. */
function leaves(tree, before = []) {
  const text = tree.trim();
  const brace = text.indexOf('{');
  if (brace === -1) {
    const [path, alias] = text.split(/\s+as\s+/);
    const segments = [...before, ...path.split('::').map((segment) => segment.trim())].filter(
      (segment) => segment !== '',
    );
    if (segments.at(-1) === 'self' && segments.length > 1) segments.pop();
    return [{ segments, as: alias?.trim() ?? segments.at(-1) }];
  }
  const head = text
    .slice(0, brace)
    .split('::')
    .map((segment) => segment.trim())
    .filter((segment) => segment !== '');
  return splitAtCommas(text.slice(brace + 1, text.lastIndexOf('}'))).flatMap((part) =>
    leaves(part, [...before, ...head]),
  );
}

function splitAtCommas(text) {
  const parts = [''];
  let depth = 0;
  for (const letter of text) {
    if (letter === '{') depth += 1;
    if (letter === '}') depth -= 1;
    if (letter === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += letter;
  }
  return parts.filter((part) => part.trim() !== '');
}

/** The modules that a module needs, each with the line of the first import. */
export function arrowsFrom(modules, module) {
  const arrows = new Map();
  for (const { segments, as, line, isPublic } of module.imports) {
    // A name that is only handed on is needed by those who import it from here.
    if (isPublic && (as === '*' || !new RegExp(`\\b${as}\\b`).test(module.body))) continue;
    const target = resolve(modules, module.name, segments);
    if (target !== undefined && target !== module.name && !arrows.has(target)) arrows.set(target, line);
  }
  return arrows;
}

/** The module whose file defines what the path names; undefined if that is outside the crate. */
function resolve(modules, from, segments, seen = new Set()) {
  const [first, ...others] = segments;
  let at = from;
  let rest = others;
  if (first === 'crate') at = '';
  else if (first === 'super') at = parentOf(from);
  else if (first !== 'self') {
    if (!modules.has(inside(from, first))) return undefined;
    rest = segments;
  }
  for (; rest.length > 0; rest = rest.slice(1)) {
    const [segment] = rest;
    if (segment === '*') return at;
    if (segment === 'super') at = parentOf(at);
    else if (modules.has(inside(at, segment))) at = inside(at, segment);
    else return reexported(modules, at, segment, seen) ?? at;
  }
  return at;
}

/** Where an item that `module` hands on is defined. */
function reexported(modules, module, item, seen) {
  const key = `${module}::${item}`;
  if (seen.has(key)) return undefined;
  seen.add(key);
  const handsOn = (modules.get(module)?.imports ?? []).filter(({ isPublic }) => isPublic);
  const named = handsOn.find(({ as }) => as === item);
  if (named !== undefined) return resolve(modules, module, named.segments, seen);
  const defines = ({ body }) =>
    new RegExp(`\\b(?:struct|enum|union|trait|type|fn|const|static|macro_rules!)\\s+${item}\\b`).test(body);
  for (const { segments } of handsOn.filter(({ as }) => as === '*')) {
    const all = resolve(modules, module, segments.slice(0, -1), seen);
    if (all !== undefined && all !== module && defines(modules.get(all))) return all;
  }
  return undefined;
}

const inside = (module, child) => (module === '' ? child : `${module}::${child}`);
const parentOf = (module) => module.split('::').slice(0, -1).join('::');
const lineAt = (text, offset) => text.slice(0, offset).split('\n').length;

const blank = (text) => text.replace(/[^\n]/g, ' ');

/** Blanks comments, strings and characters, and keeps every line where it is. */
function withoutComments(text) {
  return text.replace(/\/\/[^\n]*|\/\*[^]*?\*\/|\br(#*)"[^]*?"\1|"(?:\\[^]|[^"\\])*"|'(?:\\.[^']*|[^'\\\n])'/g, blank);
}

/** Blanks each item that only tests have. */
function withoutTests(text) {
  for (let start = text.indexOf(TEST_ONLY); start !== -1; start = text.indexOf(TEST_ONLY, start + 1)) {
    const end = endOfItem(text, start + TEST_ONLY.length);
    text = text.slice(0, start) + blank(text.slice(start, end)) + text.slice(end);
  }
  return text;
}

/** Where the item from `start` on ends: at a semicolon, a field's comma, or the brace that closes its body. */
function endOfItem(text, start) {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1;
    if (text[at] === '}') depth -= 1;
    if (depth === 0 && /[;,}]/.test(text[at])) return at + 1;
  }
  return text.length;
}

/** Lines of a module that import `name`. */
export const importsOf = (module, name) =>
  module.imports.filter(({ segments }) => segments.at(-1) === name).map(({ line }) => line);
