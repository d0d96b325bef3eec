// Bundles Node programs of this folder, TypeScript and JSX, with our package as its `exports` describe it. Other
// packages stay outside the bundle. Returns the folder of the programs.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

export const root = fileURLToPath(new URL('..', import.meta.url));
// The folder is beside the packages, so that programs find those that are not bundled.
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
    // The rename is atomic, because a demo in another window may be reading the file.
    await rename(unfinished, path);
  }
  return folder;
}
