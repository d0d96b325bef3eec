// The AI SDK's embeddings on the real engine.
import { cosineSimilarity, embed, embedMany } from 'ai';

import { createLlama, type LlamaEmbeddingOptions } from 'react-native-llama-rs/ai-sdk';
import { installNodePort } from 'react-native-llama-rs/testing';
import { tiny, unloadTiny } from '../proof/tiny';

const engine = installNodePort();
afterEach(() => unloadTiny(engine.client));

const model = () => createLlama(engine.client).embeddingModel(tiny);
const length = (vector: readonly number[]) => Math.sqrt(vector.reduce((sum, part) => sum + part * part, 0));

test('embedMany gives one vector for each text, and the same as one by one', async () => {
  const values = ['my name is alice', 'what is the weather in paris', 'my name is alice'];
  const { embeddings, usage, warnings } = await embedMany({ model: model(), values });
  expect(embeddings).toHaveLength(3);
  expect(usage.tokens).toBeGreaterThan(6);
  expect(warnings).toEqual([]);
  for (const vector of embeddings) expect(length(vector)).toBeCloseTo(1, 4);
  const [first = [], second = [], third = []] = embeddings;
  expect(cosineSimilarity(first, third)).toBeCloseTo(1, 4);
  expect(cosineSimilarity(first, second)).toBeLessThan(0.999);
  const alone = await embed({ model: model(), value: 'what is the weather in paris' });
  expect(cosineSimilarity(alone.embedding, second)).toBeCloseTo(1, 4);
});

test('options are those of the engine, and what there is not is warned about', async () => {
  const llama: LlamaEmbeddingOptions = { pooling: 'last', normalize: false };
  const { embedding } = await embed({ model: model(), value: 'hello', providerOptions: { llama } });
  expect(length(embedding)).not.toBeCloseTo(1, 1);
  const { warnings } = await embed({ model: model(), value: 'hello', providerOptions: { llama: { dimension: 3 } } });
  expect(warnings).toMatchObject([{ type: 'unsupported', feature: 'providerOptions.llama.dimension' }]);
  await expect(
    embed({ model: model(), value: 'hello', maxRetries: 0, providerOptions: { llama: { pooling: 'max' } } }),
  ).rejects.toMatchObject({
    code: 'invalidOptions',
  });
});

test('an aborted call rejects with its reason', async () => {
  const before = AbortSignal.abort(new Error('not now'));
  await expect(embed({ model: model(), value: 'hello', maxRetries: 0, abortSignal: before })).rejects.toThrow(
    'not now',
  );
  const during = new AbortController();
  const call = embedMany({
    model: model(),
    values: Array.from({ length: 200 }, (_, at) => `text ${at}`),
    maxRetries: 0,
    abortSignal: during.signal,
  });
  during.abort(new Error('enough'));
  await expect(call).rejects.toThrow('enough');
});
