// Builds the app for the browser, with react-native-web and the library from its sources.
import { rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { build } from 'vite';

import { cache, root } from '../bundle.mjs';

/** Builds the pages and resolves to their folder. */
export async function buildPages() {
  const folder = `${cache}/pages`;
  const unfinished = `${folder}.${process.pid}`;
  await build({
    configFile: false,
    root: fileURLToPath(new URL('.', import.meta.url)),
    logLevel: 'error',
    resolve: {
      alias: [
        { find: /^react-native$/, replacement: 'react-native-web' },
        { find: /^react-native-llama-rs$/, replacement: `${root}src/index.ts` },
        { find: /^react-native-llama-rs\/inspector$/, replacement: `${root}src/inspector.ts` },
      ],
    },
    build: { outDir: unfinished, emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0 },
  });
  // The rename is atomic, because the host of another demo may be reading the files.
  await rm(folder, { recursive: true, force: true });
  await rename(unfinished, folder);
  return folder;
}
