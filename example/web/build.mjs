// Builds the app for the browser: React Native's components by react-native-web, the library from its sources.
import { rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { build } from 'vite';

import { cache, root } from '../bundle.mjs';

/** Resolves to the folder of the pages. */
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
  // At once, because the host of another demo may be reading it.
  await rm(folder, { recursive: true, force: true });
  await rename(unfinished, folder);
  return folder;
}
