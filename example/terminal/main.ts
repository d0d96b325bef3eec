import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

import type { ModelConfig } from 'react-native-llama-rs';

import { parseRequest, USAGE } from './args';
import { ending, FAILURE, REFUSED, SUCCESS } from './ending';
import { Page } from './Page';
import { runChat } from './runChat';
import { runScopes } from './runScopes';
import { runStory } from './runStory';

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
      await runScopes(modelFor(request.model), page);
      return SUCCESS;
    case 'chat':
      await runChat(modelFor(request.model), directoryFor(request.directory), page, process.stdin, process.stdout);
      return SUCCESS;
  }
}

function modelFor(path: string | undefined): ModelConfig {
  if (path !== undefined) return { path: asCalled(path) };
  // A model this small gains nothing from a second thread, and loses much by one beside a busy program.
  return { path: resolve('models/tiny-chat/tiny-chat-q8_0.gguf'), threads: 1 };
}

/** The chat keeps its conversations in the user's folder for programs' state, unless another one is given. */
function directoryFor(path: string | undefined): string {
  if (path !== undefined) return asCalled(path);
  const { XDG_STATE_HOME: state = '' } = process.env;
  return join(isAbsolute(state) ? state : join(homedir(), '.local', 'state'), 'react-native-llama-rs', 'chat');
}

/** Resolves a path from the folder of the caller. npm runs the demo in the checkout. */
function asCalled(path: string): string {
  return resolve(process.env.INIT_CWD ?? process.cwd(), path);
}

/** A closed pipe ends the demo: its reader has seen enough. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? SUCCESS : FAILURE);
});

try {
  process.exitCode = await main();
} catch (error) {
  const { code, sentence } = ending(error);
  process.stderr.write(`${sentence}\n`);
  process.exitCode = code;
}
