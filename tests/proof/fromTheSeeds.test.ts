// docs/from-the-seeds.md names a test for each of its claims, and the tests must exist.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = process.cwd();
const named = [
  ...readFileSync(join(root, 'docs/from-the-seeds.md'), 'utf8').matchAll(/`([^`]+\.(?:tsx?|rs))` “([^”]+)”/g),
];
const promises = named.map(([, file = '', name = '']) => ({ file, name }));

test('the document names tests', () => {
  expect(promises.length).toBeGreaterThan(80);
});

test.each(promises)('$file has “$name”', ({ file, name }) => {
  const path = join(root, file);
  expect(existsSync(path)).toBe(true);
  expect(readFileSync(path, 'utf8')).toContain(file.endsWith('.rs') ? `fn ${name}(` : name);
});
