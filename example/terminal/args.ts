import { parseArgs } from 'node:util';

export const USAGE = `usage: ./dev demo --terminal [--model FILE.gguf]
           tells a story: one phone, more conversations than slots, a kill -9
       ./dev demo --chat [--model FILE.gguf] [--directory DIR]
           talks with you; /help lists its commands

Without --model the tiny model of this repository answers.
DIR is where the chat keeps its conversations; it says which one it is when it starts.
`;

/** The parsed command line. */
export type Request =
  | { readonly type: 'story'; readonly model: string | undefined }
  | { readonly type: 'chat'; readonly model: string | undefined; readonly directory: string | undefined }
  | { readonly type: 'help' }
  | { readonly type: 'refused'; readonly reason: string };

/** Parses the command line. `model` and `directory` stay as given, not yet resolved. */
export function parseRequest(args: readonly string[]): Request {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        chat: { type: 'boolean' },
        model: { type: 'string' },
        directory: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) return { type: 'help' };
    if (values.model === '') return { type: 'refused', reason: '--model needs the path of a GGUF file' };
    if (values.directory === '') return { type: 'refused', reason: '--directory needs the path of a folder' };
    const { model, directory } = values;
    if (values.chat === true) return { type: 'chat', model, directory };
    if (directory !== undefined)
      return { type: 'refused', reason: '--directory is for --chat; the story keeps nothing' };
    return { type: 'story', model };
  } catch (error) {
    return { type: 'refused', reason: firstSentence((error as Error).message) };
  }
}

/** Cuts off Node's advice about positional arguments, because the demo has none. */
function firstSentence(text: string): string {
  return text.replace(/(\.\s|\n)[^]*$/, '');
}
