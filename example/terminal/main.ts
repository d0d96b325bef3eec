import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

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
      await runChat(modelFor(request.model), directoryFor(request.directory), page, process.stdin, process.stdout);
      return SUCCESS;
  }
}

function modelFor(path: string | undefined): ModelConfig {
  if (path !== undefined) return { path: asCalled(path) };
  // A model this small gains nothing from a second thread, and beside a busy program it loses much by one.
  return { path: resolve('models/tiny-chat/tiny-chat-q8_0.gguf'), threads: 1 };
}

/** By default the chat remembers, where a user's programs keep their state. */
function directoryFor(path: string | undefined): string {
  if (path !== undefined) return asCalled(path);
  const { XDG_STATE_HOME: state = '' } = process.env;
  return join(isAbsolute(state) ? state : join(homedir(), '.local', 'state'), 'react-native-llama-rs', 'chat');
}

/** npm runs the demo in the checkout, wherever it was called. */
function asCalled(path: string): string {
  return resolve(process.env.INIT_CWD ?? process.cwd(), path);
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
