import { parseArgs } from 'node:util';

import type { GenerateOptions, ModelConfig } from 'react-native-llama-rs';

export const USAGE = `usage: ./dev demo [--host] [--model MODEL] [--directory DIR] [--port N] [--languages DIR]
                  [--load JSON] [--answer JSON] [--hub URL]
           opens the voice-to-chat app in the browser; --host only prints its address
       ./dev demo --terminal | --chat
           the same in a terminal; ./dev demo --terminal --help says more

MODEL is a file, or a name such as hf:org/repo:Q4_K_M, whose model then comes from the network. Without --model the tiny model
of this repository answers. DIR of --directory is where conversations and models are kept.
DIR of --languages has a folder per language for PocketSphinx, named by its tag; English is there without it.
--load: how the model is loaded, such as '{"contextSize":8192}'; --answer: how it answers, such as '{"temperature":0}'.
--hub: where models with hub names come from, if not from Hugging Face.
`;

/** What the command line asks for. */
export interface HostRequest {
  /** A name, or a path as it was given, not yet resolved. Absent: the tiny model. */
  readonly model: string | undefined;
  /** As it was given, not yet resolved. Absent: where programs keep their state. */
  readonly directory: string | undefined;
  readonly languages: string | undefined;
  /** Absent: the usual one, or any that is free. */
  readonly port: number | undefined;
  readonly load: Omit<ModelConfig, 'path'>;
  readonly answer: GenerateOptions;
  /** Address of the hub. Absent: the usual one. */
  readonly hub: string | undefined;
  /** Whether the browser is opened as well. */
  readonly opens: boolean;
}

/** Throws an `Error` whose message says what is wrong. `help`: the usage was asked for. */
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
