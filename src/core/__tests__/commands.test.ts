import type { BenchReport, HubRepository, MemoryFit, StoredModels } from '../../protocol/generated';
import { manualScheduler, modelInfo, modelState, scopeSummary, scriptedPort } from '../../testing';
import { LlamaClient } from '../LlamaClient';

function open(world?: Parameters<typeof scriptedPort>[0]) {
  const port = scriptedPort(world);
  const client = new LlamaClient(port, { scheduler: manualScheduler() });
  const anything = () => port.emit({ type: 'modelChanged', model: modelState('a', { type: 'unloaded' }) });
  return { port, client, anything };
}

test.each(['park', 'restore', 'save'] as const)('%s resolves when it is done, or says why it was not', async (act) => {
  const { port, client } = open();
  const done = client[act]('s');
  port.answer(port.last(act));
  await expect(done).resolves.toBeUndefined();
  const refused = client[act]('s');
  port.answer(port.last(act), { code: 'busy', detail: 'a turn of s runs' });
  await expect(refused).rejects.toMatchObject({ code: 'busy' });
});

test('a fork resolves to its id, given or made', async () => {
  const { port, client } = open();
  const given = client.fork('s', { as: 'copy' });
  expect(port.last('fork')).toMatchObject({ scope: 's', fork: 'copy' });
  expect(port.last('fork')).not.toHaveProperty('messageCount');
  port.answer(port.last('fork'));
  await expect(given).resolves.toBe('copy');
  const made = client.fork('s', { messageCount: 0 });
  const { fork } = port.last('fork');
  expect(port.last('fork').messageCount).toBe(0);
  port.answer(port.last('fork'));
  await expect(made).resolves.toBe(fork);
  expect(fork).not.toBe('copy');
});

test.each([
  ['fork', (client: LlamaClient) => client.fork('s')],
  ['rewindTo', (client: LlamaClient) => client.rewindTo('s', 2)],
  ['deleteScope', (client: LlamaClient) => client.deleteScope('s')],
  ['deleteAllScopes', (client: LlamaClient) => client.deleteAllScopes()],
  // A second `download` would resume a download that was paused meanwhile.
  ['download', (client: LlamaClient) => client.download('hf:org/chat:Q4_K_M')],
  ['importModel', (client: LlamaClient) => client.importModel('content://picked/1', 'content://picked/1')],
] as const)(
  '%s is never sent twice: after a gap its answer still comes, in another epoch it cannot',
  async (type, act) => {
    const { port, client, anything } = open();
    const heard = act(client);
    port.lose({ type: 'modelChanged', model: modelState('b', { type: 'unloaded' }) });
    anything();
    port.answer(port.last(type));
    await heard;
    const unheard = act(client);
    port.restart();
    anything();
    await expect(unheard).rejects.toMatchObject({
      code: 'closed',
      detail: expect.stringContaining('ask again') as unknown,
    });
    expect(port.sentOf(type)).toHaveLength(2);
  },
);

test('saving is tried for five seconds, unless the host has another deadline', () => {
  const { port, client } = open();
  void client.suspend();
  expect(port.last('suspend').deadlineMs).toBe(5000);
  void client.suspend({ deadlineMs: 0 });
  expect(port.last('suspend').deadlineMs).toBe(0);
});

test('a suspension waits for the generations only where it is told to', () => {
  const { port, client } = open();
  void client.suspend();
  expect(port.last('suspend')).not.toHaveProperty('after');
  void client.suspend({ after: 'generations' });
  expect(port.last('suspend')).toMatchObject({ after: 'generations', deadlineMs: 5000 });
});

test('the heat of the device is passed on', async () => {
  const { port, client } = open();
  const done = client.setHeat('serious');
  expect(port.last('setHeat').heat).toBe('serious');
  port.answer(port.last('setHeat'));
  await expect(done).resolves.toBeUndefined();
});

test('whether the manager is suspended is known from the first snapshot on', () => {
  const { port, client, anything } = open({ suspended: true });
  expect(client.suspended.getSnapshot()).toBe(true);
  const heard = jest.fn();
  client.suspended.subscribe(heard);
  port.emit({ type: 'suspensionChanged', suspended: false });
  expect(client.suspended.getSnapshot()).toBe(false);
  port.lose({ type: 'suspensionChanged', suspended: true });
  anything();
  expect(client.suspended.getSnapshot()).toBe(true);
  expect(heard).toHaveBeenCalledTimes(2);
});

test('canLoad resolves to the answer with its numbers, frozen', async () => {
  const { port, client } = open();
  const estimate = { weightsBytes: 1, kvBytes: 2, computeBytes: 3, contextSize: 512, maxResident: 1 };
  const fit: MemoryFit = { verdict: 'fitsSmaller', estimate, availableBytes: 9 };
  const asked = client.canLoad({ path: 'a' });
  port.emit({ type: 'memoryFit', requestId: port.last('canLoad').requestId, fit });
  const answer = await asked;
  expect(answer).toEqual(fit);
  expect(Object.isFrozen(answer.estimate)).toBe(true);
});

test('the models of this device are listed, removed, and come from the hub that is named', async () => {
  const { port, client } = open();
  const stored: StoredModels = { models: [], disk: { modelsBytes: 0, partialBytes: 0, freeBytes: 9 } };
  const asked = client.storedModels();
  port.emit({ type: 'storedModels', requestId: port.last('listStoredModels').requestId, stored });
  const answer = await asked;
  expect(answer).toEqual(stored);
  expect(Object.isFrozen(answer.disk)).toBe(true);
  const removed = client.removeStoredModel('hf:org/chat:Q4_K_M');
  expect(port.last('removeStoredModel')).toMatchObject({ name: 'hf:org/chat:Q4_K_M' });
  port.emit({ type: 'done', requestId: port.last('removeStoredModel').requestId });
  await removed;
  const named = client.setHub({ endpoint: 'https://hub.example', token: 'secret' });
  expect(port.last('setHub')).toMatchObject({ endpoint: 'https://hub.example', token: 'secret' });
  port.emit({ type: 'done', requestId: port.last('setHub').requestId });
  await named;
});

test('a repository of the hub is listed, frozen', async () => {
  const { port, client } = open();
  const variant = {
    name: 'hf:org/chat:Q8_0',
    quantization: 'Q8_0',
    bytes: 9,
    fileCount: 1,
    isStored: false,
    isFitExact: false,
  };
  const repository: HubRepository = { repository: 'org/chat', commit: 'c0ffee', variants: [variant] };
  const asked = client.browseHub('hf:org/chat');
  expect(port.last('browseHub')).toMatchObject({ repository: 'hf:org/chat' });
  port.emit({ type: 'hubRepository', requestId: port.last('browseHub').requestId, repository });
  const answer = await asked;
  expect(answer).toEqual(repository);
  expect(Object.isFrozen(answer.variants[0])).toBe(true);
});

test('a file is imported under a name, and a stored model read again', async () => {
  const { port, client } = open();
  const imported = client.importModel('/downloads/chat.gguf', 'hf:org/chat:Q4_K_M');
  expect(port.last('importModel')).toMatchObject({ path: '/downloads/chat.gguf', name: 'hf:org/chat:Q4_K_M' });
  port.answer(port.last('importModel'));
  await expect(imported).resolves.toBeUndefined();
  const verified = client.verifyStoredModel('hf:org/chat:Q4_K_M');
  expect(port.last('verifyStoredModel')).toMatchObject({ name: 'hf:org/chat:Q4_K_M' });
  port.answer(port.last('verifyStoredModel'), { code: 'digestMismatch', detail: 'was damaged and has been removed' });
  await expect(verified).rejects.toMatchObject({ code: 'digestMismatch' });
});

test('a prefill resolves to its counts, frozen, or says what came first', async () => {
  const { port, client } = open();
  const request = { scope: 's', append: [{ role: 'user' as const, content: 'What is my na' }] };
  const asked = client.prefill({ ...request, open: true });
  expect(port.last('prefill')).toMatchObject({ ...request, open: true });
  port.emit({ type: 'prefilled', requestId: port.last('prefill').requestId, cachedTokens: 9, prefilledTokens: 3 });
  const answer = await asked;
  expect(answer).toEqual({ cachedTokens: 9, prefilledTokens: 3 });
  expect(Object.isFrozen(answer)).toBe(true);
  const late = client.prefill({ scope: 's', messages: request.append });
  expect(port.last('prefill')).not.toHaveProperty('open');
  expect(port.last('prefill')).not.toHaveProperty('append');
  port.answer(port.last('prefill'), { code: 'cancelled', detail: 'a turn came first' });
  await expect(late).rejects.toMatchObject({ code: 'cancelled' });
});

test('a turn says what may be written of its scope, and what happens when it is full, only if asked', () => {
  const { port, client } = open();
  const turn = { model: { path: 'a' }, scope: 's', append: [{ role: 'user' as const, content: 'Hi' }] };
  client.generate(turn);
  expect(port.last('generate')).not.toHaveProperty('persist');
  expect(port.last('generate')).not.toHaveProperty('overflow');
  client.generate({ ...turn, persist: 'none', overflow: 'error' });
  expect(port.last('generate')).toMatchObject({ persist: 'none', overflow: 'error' });
});

test('a scope that changes keeps its place in the list', () => {
  const { port, client } = open({ scopes: [scopeSummary('s'), scopeSummary('t')] });
  port.emit({ type: 'scopeChanged', scope: scopeSummary('s', { residency: 'parked', revision: 2 }) });
  expect(client.scopes.getSnapshot().map(({ id, residency }) => [id, residency])).toEqual([
    ['s', 'parked'],
    ['t', 'resident'],
  ]);
});

test('a text is tokenized and put together again', async () => {
  const { port, client } = open();
  const model = { path: 'a' };
  const tokens = client.tokenize(model, 'hi there');
  expect(port.last('tokenize')).toMatchObject({ model, text: 'hi there' });
  expect(port.last('tokenize')).not.toHaveProperty('special');
  port.emit({ type: 'tokens', requestId: port.last('tokenize').requestId, tokens: [7, 8] });
  expect(await tokens).toEqual([7, 8]);
  void client.tokenize(model, '<|im_start|>', { special: true });
  expect(port.last('tokenize').special).toBe(true);

  const given = [7, 8];
  const text = client.detokenize(model, given);
  given.push(9);
  expect(port.last('detokenize').tokens).toEqual([7, 8]);
  port.emit({ type: 'text', requestId: port.last('detokenize').requestId, text: 'hi there' });
  expect(await text).toBe('hi there');
});

test('a prompt is shown with the template that wrote it', async () => {
  const { port, client } = open();
  const shown = client.applyChatTemplate({ path: 'a' }, [{ role: 'user', content: 'hi' }]);
  const prompt = { text: '[hi]', tokenCount: 3, stop: [], template: '[{{ messages[0].content }}]' };
  port.emit({ type: 'renderedPrompt', requestId: port.last('applyChatTemplate').requestId, prompt });
  expect(await shown).toEqual(prompt);
  const refused = client.applyChatTemplate({ path: 'a' }, []);
  port.answer(port.last('applyChatTemplate'), { code: 'templateFailed', detail: 'no' });
  await expect(refused).rejects.toMatchObject({ code: 'templateFailed' });
});

test('texts become vectors, and an abort is passed on as long as they have not', async () => {
  const { port, client } = open();
  const texts = ['hi', 'there'];
  const abort = new AbortController();
  const answer = client.embed({ model: { path: 'a' }, texts, signal: abort.signal });
  texts.push('later');
  const sent = port.last('embed');
  expect(sent).toMatchObject({ model: { path: 'a' }, texts: ['hi', 'there'] });
  expect(Object.keys(sent).sort()).toEqual(['embeddingId', 'model', 'requestId', 'texts', 'type']);
  const embeddings = [
    [0.6, 0.8],
    [1, 0],
  ];
  port.emit({ type: 'embeddings', requestId: sent.requestId, embeddings, usage: { promptTokens: 4 } });
  expect(await answer).toEqual({ embeddings, usage: { promptTokens: 4 } });
  abort.abort();
  expect(port.sentOf('cancelEmbed')).toEqual([]);

  const second = new AbortController();
  const cancelled = client.embed({
    model: { path: 'a' },
    texts: ['hi'],
    pooling: 'last',
    normalize: false,
    signal: second.signal,
  });
  const { embeddingId, pooling, normalize, requestId } = port.last('embed');
  expect({ pooling, normalize }).toEqual({ pooling: 'last', normalize: false });
  expect(embeddingId).not.toBe(sent.embeddingId);
  second.abort();
  expect(port.last('cancelEmbed').embeddingId).toBe(embeddingId);
  port.emit({ type: 'failed', requestId, error: { code: 'cancelled', detail: 'the embeddings were cancelled' } });
  await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
});

test('a bench tells how far it is, answers with its report, and is cancelled by its signal', async () => {
  const { port, client } = open();
  const seen: unknown[] = [];
  const first = client.bench({ model: { path: 'a' }, onProgress: (progress) => seen.push(progress) });
  const { benchId, requestId, ...rest } = port.last('bench');
  expect(rest).toEqual({ type: 'bench', model: { path: 'a' } });
  const abort = new AbortController();
  const second = client.bench({
    model: { path: 'a' },
    promptTokens: 0,
    generatedTokens: 8,
    repetitions: 1,
    signal: abort.signal,
  });
  const other = port.last('bench');
  expect(other).toMatchObject({ promptTokens: 0, generatedTokens: 8, repetitions: 1 });
  expect(other.benchId).not.toBe(benchId);
  port.emit(
    { type: 'benchProgress', benchId, done: 1, total: 2 },
    { type: 'benchProgress', benchId: other.benchId, done: 1, total: 1 },
    { type: 'benchProgress', benchId, done: 2, total: 2 },
  );
  expect(seen).toEqual([{ done: 2, total: 2 }]);
  const report: BenchReport = {
    generation: { tokens: 128, mean: 20, standardDeviation: 0, repetitions: [20] },
    info: modelInfo,
    threads: 1,
    batchSize: 512,
  };
  port.emit({ type: 'benched', requestId, report });
  expect(await first).toEqual(report);
  port.emit({ type: 'benchProgress', benchId, done: 9, total: 9 });
  expect(seen).toHaveLength(1);
  abort.abort();
  expect(port.last('cancelBench').benchId).toBe(other.benchId);
  port.emit({
    type: 'failed',
    requestId: other.requestId,
    error: { code: 'cancelled', detail: 'the bench was cancelled' },
  });
  await expect(second).rejects.toMatchObject({ code: 'cancelled' });
});

test('a signal that was aborted before cancels at once', () => {
  const { port, client } = open();
  const abort = new AbortController();
  abort.abort();
  void client.embed({ model: { path: 'a' }, texts: ['hi'], signal: abort.signal }).catch(() => undefined);
  expect(port.last('cancelEmbed').embeddingId).toBe(port.last('embed').embeddingId);
});
