import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const IGNORED = new Set(['.git', 'build', 'coverage', 'generated', 'lib', 'node_modules', 'Pods', 'target']);

/** Every file in a folder whose name matches, but for what is built or fetched. Empty where there is no such folder. */
export function filesUnder(folder, name) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return IGNORED.has(entry.name) ? [] : filesUnder(path, name);
      return name.test(entry.name) ? [path] : [];
    });
}

export const linesOf = (path) => readFileSync(path, 'utf8').split('\n').length - 1;
