import type { LanguageModelV4CallOptions, LanguageModelV4StreamPart } from '@ai-sdk/provider';

import { LlamaClient } from '../../core/LlamaClient';
import { manualScheduler, scriptedPort } from '../../testing';

/** Opens a client on a scripted port. `world` is the engine's state from the start. */
export function harness(world?: Parameters<typeof scriptedPort>[0]) {
  const port = scriptedPort(world);
  return { port, client: new LlamaClient(port, { scheduler: manualScheduler() }) };
}

export const prompt: LanguageModelV4CallOptions['prompt'] = [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }];

/** Resolves to every part, once the stream has ended. */
export async function partsOf(stream: ReadableStream<LanguageModelV4StreamPart>): Promise<LanguageModelV4StreamPart[]> {
  const parts: LanguageModelV4StreamPart[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

/** Runs every task that waits only for its turn. */
export const turns = () => new Promise((resolve) => setImmediate(resolve));
