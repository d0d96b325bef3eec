import { createInterface } from 'node:readline';
import type { ReadStream } from 'node:tty';

import type { ModelConfig } from 'react-native-llama-rs';

import { Chat, type ChatHost } from './Chat';
import { load, openEngine } from './engine';
import type { Page } from './Page';

/**
 * Chats until the input ends, the user types `/quit`, or presses Ctrl-C while no answer runs. Keeps the conversations
 * in `directory`. Throws `LlamaError` if the model cannot be loaded or the directory cannot be used.
 */
export async function runChat(
  model: ModelConfig,
  directory: string,
  page: Page,
  input: ReadStream,
  output: NodeJS.WriteStream,
): Promise<void> {
  const { client, close } = openEngine(directory);
  try {
    const known = client.scopes.getSnapshot().length;
    await load(client, model, page);
    page.line(page.paint('dim', `Conversations are kept in ${directory}: ${known} from before.`));
    page.line(page.paint('dim', 'Say something. /help lists the commands.'));
    await converse((host) => new Chat(client, model, page, host), page, input, output);
  } finally {
    close();
  }
}

async function converse(
  open: (host: ChatHost) => Chat,
  page: Page,
  input: ReadStream,
  output: NodeJS.WriteStream,
): Promise<void> {
  // Without a terminal at both ends no line is edited and no prompt is seen, so the chat echoes each line.
  const person = input.isTTY && page.live;
  const readline = createInterface({ input, terminal: person, ...(person && { output }) });
  const prompt = (scope: string) => page.paint('cyan', `${scope} › `);
  const chat = open({
    idle(scope) {
      if (!person) return;
      readline.setPrompt(prompt(scope));
      readline.prompt();
    },
    taken(scope, line) {
      if (!person) page.line(prompt(scope) + line);
    },
  });
  const hangUp = () => {
    if (person) page.line();
    chat.take('/quit');
  };
  const interrupt = () => {
    if (!chat.interrupt()) readline.close();
  };
  readline.on('line', (line) => chat.take(line));
  readline.on('close', hangUp);
  // Ctrl-C in a terminal comes through readline; every other SIGINT comes as a signal.
  readline.on('SIGINT', interrupt);
  process.on('SIGINT', interrupt);
  chat.start();
  await chat.ended;
  process.off('SIGINT', interrupt);
  readline.off('close', hangUp);
  readline.close();
}
