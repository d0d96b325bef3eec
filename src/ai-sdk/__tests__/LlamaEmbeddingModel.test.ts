import { type EmbeddingModelV4CallOptions } from '@ai-sdk/provider';

import { createLlama } from '../createLlama';
import { harness, turns } from './harness';

async function embed(call: Partial<EmbeddingModelV4CallOptions> = {}) {
  const { port, client } = harness();
  const model = createLlama(client).embeddingModel('embed.gguf');
  const result = Promise.resolve(model.doEmbed({ values: ['a', 'b'], ...call }));
  // A call that is refused before it is sent rejects at once. The test looks at that later.
  result.catch(() => undefined);
  await turns();
  return { port, model, result };
}

test('texts become vectors, and the call says what they cost', async () => {
  const { port, model, result } = await embed({ providerOptions: { llama: { pooling: 'last', normalize: false } } });
  expect(model).toMatchObject({
    specificationVersion: 'v4',
    provider: 'llama',
    modelId: 'embed.gguf',
    maxEmbeddingsPerCall: 256,
    supportsParallelCalls: false,
  });
  const { requestId, embeddingId, ...command } = port.last('embed');
  expect(command).toEqual({
    type: 'embed',
    model: { path: 'embed.gguf' },
    texts: ['a', 'b'],
    pooling: 'last',
    normalize: false,
  });
  expect(embeddingId).not.toBe('');
  port.emit({
    type: 'embeddings',
    requestId,
    embeddings: [
      [0.5, -0.5],
      [1, 0],
    ],
    usage: { promptTokens: 9 },
  });
  expect(await result).toEqual({
    embeddings: [
      [0.5, -0.5],
      [1, 0],
    ],
    usage: { tokens: 9 },
    warnings: [],
  });
});

test('vectors belong to the caller', async () => {
  const { port, result } = await embed();
  port.emit({
    type: 'embeddings',
    requestId: port.last('embed').requestId,
    embeddings: [[1], [2]],
    usage: { promptTokens: 2 },
  });
  const { embeddings } = await result;
  expect(embeddings.map((vector) => Object.isFrozen(vector))).toEqual([false, false]);
});

test('an unsupported option is warned about, and a value of the wrong type is refused by name', async () => {
  const { port, result } = await embed({ dimensions: 3, providerOptions: { llama: { pool: 'last' } } });
  port.emit({
    type: 'embeddings',
    requestId: port.last('embed').requestId,
    embeddings: [[1], [2]],
    usage: { promptTokens: 2 },
  });
  expect((await result).warnings).toMatchObject([{ feature: 'dimensions' }, { feature: 'providerOptions.llama.pool' }]);
  const wrong = await embed({ providerOptions: { llama: { pooling: 'max' } } });
  await expect(wrong.result).rejects.toThrow(/invalidOptions: providerOptions\.llama\.pooling/);
  expect(wrong.port.sentOf('embed')).toEqual([]);
});

test('a call that was aborted before is never sent', async () => {
  const { port, result } = await embed({ abortSignal: AbortSignal.abort(new Error('never mind')) });
  await expect(result).rejects.toThrow('never mind');
  expect(port.sentOf('embed')).toEqual([]);
});

test('an abort cancels, and its reason is thrown', async () => {
  const abort = new AbortController();
  const { port, result } = await embed({ abortSignal: abort.signal });
  abort.abort(new Error('never mind'));
  await turns();
  expect(port.last('cancelEmbed').embeddingId).toBe(port.last('embed').embeddingId);
  port.answer(port.last('embed'), { code: 'cancelled', detail: 'somebody asked' });
  await expect(result).rejects.toThrow('never mind');
});

test.each([
  ['that nobody asked for', 'cancelled', false],
  ['that came before the abort', 'contextFull', true],
] as const)('a failure %s is thrown as it is', async (_, code, isAborted) => {
  const abort = new AbortController();
  const { port, result } = await embed({ abortSignal: abort.signal });
  if (isAborted) abort.abort(new Error('never mind'));
  port.answer(port.last('embed'), { code, detail: 'the engine says so' });
  await expect(result).rejects.toMatchObject({ name: 'LlamaError', code });
});
