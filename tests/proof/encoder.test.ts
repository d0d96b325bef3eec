// A model that only makes embeddings, on the real engine, beside a chat model.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { cosineSimilarity, embedMany, generateText } from 'ai';

import { createLlama } from 'react-native-llama-rs/ai-sdk';
import { installNodePort } from 'react-native-llama-rs/testing';
import { encoderContext, writeEncoder } from './encoderModel';
import { greedy, tiny, unloadTiny, whoAmI } from './tiny';

const engine = installNodePort();
const folder = mkdtempSync(join(tmpdir(), 'encoder-'));
const encoder = { path: join(folder, 'encoder.gguf'), threads: 1 };
beforeAll(() => writeEncoder(encoder.path));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => unloadTiny(engine.client));

const values = ['my name is alice', 'query what is my name', 'bob', 'my name is alice'];

test('it embeds by the AI SDK, while a chat model answers', async () => {
  const { client } = engine;
  const answer = client.generate({
    model: tiny,
    scope: 's',
    append: [{ role: 'user', content: whoAmI.asks }],
    options: greedy,
  });
  const { embeddings, usage } = await embedMany({ model: createLlama(client).embeddingModel(encoder), values });
  // Each text has one token before and one after it.
  expect(usage.tokens).toBe(4 + 5 + 1 + 4 + 2 * values.length);
  const [first = [], second = [], , fourth = []] = embeddings;
  expect(cosineSimilarity(first, fourth)).toBeCloseTo(1, 5);
  expect(cosineSimilarity(first, second)).toBeLessThan(0.999);
  await answer.result;
  const alone = await client.embed({ model: encoder, texts: ['query what is my name'] });
  expect(cosineSimilarity([...(alone.embeddings[0] ?? [])], second)).toBeCloseTo(1, 5);
  expect(client.model(encoder.path).getSnapshot()).toMatchObject({
    loads: 1,
    status: { type: 'idle', info: { maxResident: 0, contextSize: encoderContext, hasChatTemplate: false } },
  });
});

test('commands that need a conversation say what the model is for', async () => {
  const { client } = engine;
  const told = {
    code: 'modelUnsupported',
    detail: expect.stringMatching(/holds no conversation: it is an embedding model/) as unknown,
  };
  const append = [{ role: 'user' as const, content: 'hi' }];
  await expect(client.generate({ model: encoder, scope: 's', append }).result).rejects.toMatchObject(told);
  await expect(client.applyChatTemplate(encoder, append)).rejects.toMatchObject(told);
  await expect(
    generateText({ model: createLlama(client)(encoder), prompt: 'hi', maxRetries: 0 }),
  ).rejects.toMatchObject(told);
  expect(await client.tokenize(encoder, 'my name')).toHaveLength(2);
});

test('it fits by its weights, and a text by what the model was trained for', async () => {
  const { client } = engine;
  const { estimate, verdict } = await client.canLoad(encoder);
  expect(verdict).toBe('fits');
  expect(estimate).toMatchObject({ kvBytes: 0, computeBytes: 0, maxResident: 0, contextSize: encoderContext });
  const long = 'my '.repeat(encoderContext - 1);
  await expect(client.embed({ model: { ...encoder, contextSize: 4096 }, texts: ['bob', long] })).rejects.toMatchObject({
    code: 'contextFull',
    detail: `texts[1] has ${encoderContext + 1} tokens, contextSize is ${encoderContext} - cut it into pieces`,
  });
});
