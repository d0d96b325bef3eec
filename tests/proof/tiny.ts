import { join } from 'node:path';

import type { GenerateOptions, ModelConfig, ModelState } from '../../src/protocol/generated';
import type { LlamaClient } from '../../src/core/LlamaClient';

/** The tiny chat model, on one thread, so that tests that run at the same time do not compete for cores. */
export const tiny: ModelConfig = {
  path: join(process.cwd(), 'models/tiny-chat/tiny-chat-q8_0.gguf'),
  contextSize: 8192,
  maxResident: 4,
  threads: 1,
};

/** Samples the likeliest tokens, so that the same question gets the same answer. */
export const greedy: GenerateOptions = { temperature: 0 };

export const myName = { asks: 'my name is alice', gets: 'Nice to meet you, alice.' };
export const whoAmI = { asks: 'what is my name', gets: 'Your name is alice.' };

/** Makes tokens that were seen likelier: the answer repeats itself for half a minute, until the context is full. */
export const endless: GenerateOptions = { temperature: 0, repeatPenalty: 0.05 };

export function tinyState(client: LlamaClient): ModelState | undefined {
  return client.model(tiny.path).getSnapshot();
}

/** Frees the model if it was ever loaded. */
export async function unloadTiny(client: LlamaClient): Promise<void> {
  if (tinyState(client) !== undefined) await client.unload(tiny.path);
}
