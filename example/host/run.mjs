// Builds the app for the browser, bundles its host, and runs it. usage: node example/host/run.mjs [OPTION…]
import { pathToFileURL } from 'node:url';

import { buildPages } from '../web/build.mjs';
import { bundle } from '../bundle.mjs';

process.env.LLAMA_RS_PAGES = await buildPages();
const folder = await bundle('host', ['example/host/main.ts']);
await import(pathToFileURL(`${folder}/main.mjs`).href);
