// Bundles the demo, TypeScript and JSX, with the package as its `exports` describe it, and runs it. Packages
// stay outside the bundle. usage: npm run demo -- [--chat] [--model FILE.gguf]
import { rename } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
// Beside the packages, so that what is not bundled is found from there.
const bundle = `${root}node_modules/.cache/react-native-llama-rs/demo.mjs`;

const unfinished = `${bundle}.${process.pid}`;

await build({
  absWorkingDir: root,
  entryPoints: ['example/terminal/main.ts'],
  outfile: unfinished,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  logLevel: 'error',
});
// At once, because a demo in another window may be reading it.
await rename(unfinished, bundle);
await import(pathToFileURL(bundle).href);
