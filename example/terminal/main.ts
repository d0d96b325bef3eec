import { resolve } from 'node:path';

import { LlamaError, type ModelConfig } from 'react-native-llama-rs';

import { parseRequest, USAGE } from './args';
import { isBadFile } from './engine';
import { Page } from './Page';
import { runChat } from './runChat';
import { runStory } from './runStory';

const SUCCESS = 0;
const FAILURE = 1;
/** The command line asked for what cannot be: an unknown option, a file that is no model. */
const REFUSED = 2;

async function main(): Promise<number> {
  const request = parseRequest(process.argv.slice(2));
  const page = new Page(process.stdout, process.env);
  switch (request.type) {
    case 'help':
      page.write(USAGE);
      return SUCCESS;
    case 'refused':
      process.stderr.write(`${request.reason}\n${USAGE}`);
      return REFUSED;
    case 'story':
      await runStory(modelFor(request.model), page);
      return SUCCESS;
    case 'chat':
      await runChat(modelFor(request.model), page, process.stdin, process.stdout);
      return SUCCESS;
  }
}

function modelFor(path: string | undefined): ModelConfig {
  if (path !== undefined) return { path: resolve(process.env.INIT_CWD ?? process.cwd(), path) };
  // A model this small gains nothing from a second thread, and beside a busy program it loses much by one.
  return { path: resolve('models/tiny-chat/tiny-chat-q8_0.gguf'), threads: 1 };
}

/** Who closes the pipe has seen enough. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? SUCCESS : FAILURE);
});

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof LlamaError)) throw error;
  process.stderr.write(`${error.detail}\n`);
  process.exitCode = isBadFile(error) ? REFUSED : FAILURE;
}
