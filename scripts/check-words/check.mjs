import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import { filesUnder } from '../files.mjs';
import { badBeginning, readableLines } from './sentences.mjs';
import { openers, rules } from './words.mjs';

const TEXTS = /\.(rs|tsx?|[cm]?js|json|kt|kts|swift|mm|h|cpp|c|sh|py|ya?ml|toml|md)$|^(dev|run)$/;

/** History may name what it replaced. */
const HISTORY = /^(CHANGELOG\.md|docs\/decisions\/)/;
/** Written by others, by a generator, or about the words themselves. */
const NOT_OURS =
  /^(THIRD_PARTY_NOTICES\.md|scripts\/(MPL|check-words\/(words|selfTest)\.mjs)|package-lock\.json|src\/protocol\/generated\.ts)/;

/** Every old name and every bad beginning of a sentence in the checkout at `root`, as lines to print. */
export function oldWords(root) {
  return filesUnder(root, TEXTS).flatMap((file) => {
    const path = relative(root, file);
    if (NOT_OURS.test(path)) return [];
    const source = readFileSync(file, 'utf8');
    return [...oldNames(path, source), ...badSentences(path, source)];
  });
}

function oldNames(path, source) {
  if (HISTORY.test(path)) return [];
  const here = rules.filter(({ where, but }) => where.test(path) && !but?.test(path));
  const inPath = here
    .filter(({ of, old }) => of === 'path' && old.test(path))
    .map(({ call }) => `${path}: the file has an old name - call it ${call}`);
  const inText = here.filter(({ of }) => of === undefined);
  if (inText.length === 0) return inPath;
  const inLines = source.split('\n').flatMap((line, index) =>
    inText.flatMap(({ old, call }) => {
      const found = old.exec(line);
      return found === null ? [] : [`${path}:${index + 1}: ${found[0].trim()} - call it ${call}`];
    }),
  );
  return [...inPath, ...inLines];
}

function badSentences(path, source) {
  return readableLines(path, source).flatMap(({ line, text }) => {
    const beginning = badBeginning(text, openers);
    return beginning === undefined
      ? []
      : [`${path}:${line}: a sentence begins with "${beginning}" - begin with the thing, by its name`];
  });
}
