// Bundles the demo and runs it. usage: npm run demo -- [--chat] [--model FILE.gguf] [--directory DIR]
import { pathToFileURL } from 'node:url';

import { bundle } from '../bundle.mjs';

const folder = await bundle('demo', ['example/terminal/main.ts', 'example/terminal/appProcess.ts']);
await import(pathToFileURL(`${folder}/main.mjs`).href);
