import { parseArgs } from 'node:util';

export const USAGE = `usage: ./dev demo [--model FILE.gguf]          tells a story and ends with a table
       ./dev demo --chat [--model FILE.gguf]   talks with you; /help lists its commands

Without --model the tiny model of this repository answers.
`;

/** What the command line asks for. */
export type Request =
  | { readonly type: 'story' | 'chat'; readonly model: string | undefined }
  | { readonly type: 'help' }
  | { readonly type: 'refused'; readonly reason: string };

/** `model` is as it was given, not yet resolved. */
export function parseRequest(args: readonly string[]): Request {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { chat: { type: 'boolean' }, model: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
    if (values.help === true) return { type: 'help' };
    if (values.model === '') return { type: 'refused', reason: '--model needs the path of a GGUF file' };
    return { type: values.chat === true ? 'chat' : 'story', model: values.model };
  } catch (error) {
    return { type: 'refused', reason: firstSentence((error as Error).message) };
  }
}

/** Node adds advice about positional arguments, which there are none of. */
function firstSentence(text: string): string {
  return text.replace(/(\.\s|\n)[^]*$/, '');
}
