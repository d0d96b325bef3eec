import { join } from 'node:path';

import type { GenerateOptions, ModelConfig, ModelState } from '../../src/protocol/generated';
import type { LlamaClient } from '../../src/core/LlamaClient';

/** The tiny chat model, on one thread, so that tests beside each other do not fight for cores. */
export const tiny: ModelConfig = {
  path: join(process.cwd(), 'models/tiny-chat/tiny-chat-q8_0.gguf'),
  contextSize: 8192,
  maxResident: 4,
  threads: 1,
};

/** The likeliest tokens, so that the same question gets the same answer. */
export const greedy: GenerateOptions = { temperature: 0 };

export const myName = { asks: 'my name is alice', gets: 'Nice to meet you, alice.' };
export const whoAmI = { asks: 'what is my name', gets: 'Your name is alice.' };

/** Tokens seen are made likelier, so the answer repeats itself until the context is full: half a minute. Cancel it. */
export const endless: GenerateOptions = { temperature: 0, repeatPenalty: 0.05 };

export function tinyState(client: LlamaClient): ModelState | undefined {
  return client.model(tiny.path).getSnapshot();
}

/** Frees the model, if anything has asked for it. */
export async function unloadTiny(client: LlamaClient): Promise<void> {
  if (tinyState(client) !== undefined) await client.unload(tiny.path);
}
