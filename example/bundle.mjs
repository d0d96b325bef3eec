// Bundles a Node program of this folder, TypeScript and JSX, with the package as its `exports` describe it. Packages stay
// outside the bundle. Returns the folder of the programs.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

export const root = fileURLToPath(new URL('..', import.meta.url));
// Beside the packages, so that what is not bundled is found from there.
export const cache = `${root}node_modules/.cache/react-native-llama-rs`;

export async function bundle(name, entryPoints) {
  const folder = `${cache}/${name}`;
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints,
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    write: false,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
  });
  await mkdir(folder, { recursive: true });
  for (const { path, contents } of outputFiles) {
    const unfinished = `${path}.${process.pid}`;
    await writeFile(unfinished, contents);
    // At once, because a demo in another window may be reading it.
    await rename(unfinished, path);
  }
  return folder;
}
