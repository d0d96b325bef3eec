// Which TypeScript file of a folder needs which.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import ts from 'typescript';

import { filesUnder } from '../files.mjs';

export const isTypeScriptTest = (path) => /(^|\/)(__tests__|tests?|fixtures)\/|\.test\.\w+$/.test(path);

/** The relative imports of each file in `folder` but its tests, types included, each with its line. */
export function readImports(folder) {
  const files = filesUnder(folder, /\.tsx?$/).filter((path) => !isTypeScriptTest(path));
  return new Map(files.map((path) => [path, importsOf(path)]));
}

function importsOf(path) {
  const text = readFileSync(path, 'utf8');
  const imports = new Map();
  for (const { fileName, pos } of ts.preProcessFile(text).importedFiles) {
    const target = fileName.startsWith('.') ? resolve(join(dirname(path), fileName)) : undefined;
    if (target !== undefined && !imports.has(target)) imports.set(target, text.slice(0, pos).split('\n').length);
  }
  return imports;
}

function resolve(path) {
  return [`${path}.ts`, `${path}.tsx`, `${path}/index.ts`, path.replace(/\.js$/, '.ts')].find((file) =>
    existsSync(file),
  );
}
