// Bundles the demo, TypeScript and JSX, with the package as its `exports` describe it, and runs it. Packages
// stay outside the bundle. usage: npm run demo -- [--chat] [--model FILE.gguf] [--directory DIR]
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
// Beside the packages, so that what is not bundled is found from there.
const folder = `${root}node_modules/.cache/react-native-llama-rs/demo`;

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ['example/terminal/main.ts', 'example/terminal/appProcess.ts'],
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
await import(pathToFileURL(`${folder}/main.mjs`).href);
