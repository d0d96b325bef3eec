import { parseArgs } from 'node:util';

import type { GenerateOptions, ModelConfig } from 'react-native-llama-rs';

export const USAGE = `usage: ./dev demo [--host] [--model MODEL] [--directory DIR] [--port N] [--languages DIR]
                  [--load JSON] [--answer JSON] [--hub URL]
           opens the voice-to-chat app in the browser; --host only prints its address
       ./dev demo --terminal | --chat
           the same in a terminal; ./dev demo --terminal --help says more

MODEL is a file, or a name such as hf:org/repo:Q4_K_M, which is then downloaded. Without --model, the tiny model of this
repository answers. DIR of --directory keeps conversations and models.
DIR of --languages has a folder per language for PocketSphinx, named by its tag; English is built in.
--load: options of the model, such as '{"contextSize":8192}'; --answer: options of answers, such as '{"temperature":0}'.
--hub: the server of models with hub names, instead of Hugging Face.
`;

/** The parsed command line. */
export interface HostRequest {
  /** A name, or a path as given, not yet resolved. @default the tiny model */
  readonly model: string | undefined;
  /** As given, not yet resolved. @default the user's folder for programs' state */
  readonly directory: string | undefined;
  readonly languages: string | undefined;
  /** @default the usual port, or any free one */
  readonly port: number | undefined;
  readonly load: Omit<ModelConfig, 'path'>;
  readonly answer: GenerateOptions;
  /** Address of the hub. @default Hugging Face */
  readonly hub: string | undefined;
  /** Whether to open the browser. */
  readonly opens: boolean;
}

/**
 * Parses the command line. Throws an `Error` with a message for the user. Returns `help` if the user asks for the
 * usage.
 */
export function parseHostArgs(args: readonly string[]): HostRequest | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      host: { type: 'boolean', default: false },
      model: { type: 'string' },
      directory: { type: 'string' },
      languages: { type: 'string' },
      port: { type: 'string' },
      load: { type: 'string', default: '{}' },
      answer: { type: 'string', default: '{}' },
      hub: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const { model, directory, languages } = values;
  for (const [name, path] of Object.entries({ model, directory, languages })) {
    if (path === '') throw new Error(`--${name} needs a path`);
  }
  return {
    model,
    directory,
    languages,
    port: values.port === undefined ? undefined : portOf(values.port),
    load: objectOf('--load', values.load),
    answer: objectOf('--answer', values.answer),
    hub: values.hub,
    opens: !values.host,
  };
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new Error('--port needs a number, 0 to 65535');
  return port;
}

function objectOf(name: string, json: string): object {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new Error(`${name} needs JSON`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${name} needs a JSON object`);
  return value;
}
