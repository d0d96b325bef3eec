// Makes one call after another on a scripted port, so that each event comes at the point that matters.
import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';

import type { Outcome } from '../../protocol/generated';
import { beginTurn, checkStreamParts, scopeSummary } from '../../testing';
import { createLlama } from '../createLlama';
import { harness, partsOf, prompt, turns } from './harness';

const usage = {
  inputTokens: { total: 8, noCache: 8, cacheRead: 0, cacheWrite: undefined },
  outputTokens: { total: 2, text: undefined, reasoning: undefined },
  raw: { promptTokens: 8, cachedTokens: 0, prefilledTokens: 8, outputTokens: 2 },
};

async function stream(call: Partial<LanguageModelV4CallOptions> = {}, scope?: string) {
  const { port, client } = harness();
  const model = createLlama(client)('chat.gguf', { scope });
  const result = await model.doStream({ prompt, ...call });
  return { port, client, model, result, turn: beginTurn(port), sent: port.last('generate') };
}

async function generate(call: Partial<LanguageModelV4CallOptions> = {}) {
  const { port, client } = harness();
  const result = Promise.resolve(createLlama(client)('chat.gguf').doGenerate({ prompt, ...call }));
  // A call that is refused before it is sent rejects at once. The test looks at that later.
  result.catch(() => undefined);
  await turns();
  return { port, result };
}

test('text becomes one block, and the end says how it was and what it cost', async () => {
  const { turn, result, sent } = await stream();
  const parts = partsOf(result.stream);
  turn.say('Hel');
  await turns();
  turn.say('lo');
  turn.finish();
  expect(await parts).toEqual([
    { type: 'stream-start', warnings: [] },
    { type: 'response-metadata', id: sent.generationId, modelId: 'chat.gguf', timestamp: expect.any(Date) as Date },
    { type: 'text-start', id: 'text-1' },
    { type: 'text-delta', id: 'text-1', delta: 'Hel' },
    { type: 'text-delta', id: 'text-1', delta: 'lo' },
    { type: 'text-end', id: 'text-1' },
    {
      type: 'finish',
      finishReason: { unified: 'stop', raw: 'stop' },
      usage,
      providerMetadata: {
        llama: {
          generationId: sent.generationId,
          scope: sent.scope,
          timings: { queuedMs: 0, prefillMs: 1, decodeMs: 1, firstTokenMs: 1 },
        },
      },
    },
  ]);
  expect(checkStreamParts(await parts)).toEqual([]);
});

test('leaving a stream whose call was aborted waits until the engine is done with it', async () => {
  const abort = new AbortController();
  const { port, turn, result } = await stream({ abortSignal: abort.signal });
  abort.abort();
  let isLeft = false;
  const leaving = result.stream.cancel().then(() => {
    isLeft = true;
  });
  await turns();
  expect(isLeft).toBe(false);
  expect(port.sentOf('cancel')).toHaveLength(1);
  turn.finish({ reason: 'cancelled' });
  await leaving;
});

test('a slow reader gets longer pieces', async () => {
  const { turn, result } = await stream();
  for (const piece of ['a', 'b', 'c']) turn.say(piece);
  turn.finish();
  const deltas = (await partsOf(result.stream)).filter(({ type }) => type === 'text-delta');
  expect(deltas).toEqual([{ type: 'text-delta', id: 'text-1', delta: 'abc' }]);
});

test('thoughts, text and calls come as blocks, each ended before the next, also when text comes back', async () => {
  const { port, turn, result } = await stream();
  const parts = partsOf(result.stream);
  const generationId = turn.id;
  const think = (offset: number, text: string) => port.emit({ type: 'reasoningDelta', generationId, offset, text });
  const call = (index: number, offset: number, piece: string) =>
    port.emit({
      type: 'toolCallDelta',
      generationId,
      index,
      id: `call-${index}`,
      name: 'look',
      offset,
      arguments: piece,
    });
  for (const step of [
    () => think(0, 'Let me '),
    () => think(7, 'see.'),
    () => turn.say('One moment'),
    () => call(0, 0, ''),
    () => call(0, 0, '{"a"'),
    () => call(0, 4, ':1}'),
    () => turn.say('.'),
    () => call(1, 0, '{}'),
  ]) {
    step();
    await turns();
  }
  turn.finish({ reason: 'toolCalls' });
  const all = await parts;
  expect(checkStreamParts(all)).toEqual([]);
  expect(all.slice(2, -1)).toEqual([
    { type: 'reasoning-start', id: 'reasoning-1' },
    { type: 'reasoning-delta', id: 'reasoning-1', delta: 'Let me ' },
    { type: 'reasoning-delta', id: 'reasoning-1', delta: 'see.' },
    { type: 'reasoning-end', id: 'reasoning-1' },
    { type: 'text-start', id: 'text-1' },
    { type: 'text-delta', id: 'text-1', delta: 'One moment' },
    { type: 'text-end', id: 'text-1' },
    { type: 'tool-input-start', id: 'call-0', toolName: 'look' },
    { type: 'tool-input-delta', id: 'call-0', delta: '{"a"' },
    { type: 'tool-input-delta', id: 'call-0', delta: ':1}' },
    { type: 'tool-input-end', id: 'call-0' },
    { type: 'text-start', id: 'text-2' },
    { type: 'text-delta', id: 'text-2', delta: '.' },
    { type: 'text-end', id: 'text-2' },
    { type: 'tool-input-start', id: 'call-1', toolName: 'look' },
    { type: 'tool-input-delta', id: 'call-1', delta: '{}' },
    { type: 'tool-input-end', id: 'call-1' },
    { type: 'tool-call', toolCallId: 'call-0', toolName: 'look', input: '{"a":1}' },
    { type: 'tool-call', toolCallId: 'call-1', toolName: 'look', input: '{}' },
  ]);
  expect(all.at(-1)).toMatchObject({ type: 'finish', finishReason: { unified: 'tool-calls', raw: 'toolCalls' } });
});

test.each(['stop', 'length'] as const)(
  'a call that was cut short is told of and is none, and whole ones are: %s',
  async (reason) => {
    const { port, turn, result } = await stream();
    const reading = partsOf(result.stream);
    const call = (index: number, id: string, args: string) =>
      port.emit({ type: 'toolCallDelta', generationId: turn.id, index, id, name: 'look', offset: 0, arguments: args });
    const drop = (index: number) => port.emit({ type: 'toolCallDropped', generationId: turn.id, index });
    call(0, 'cut', '{"a');
    await turns();
    call(1, 'whole', '{"b":1}');
    call(2, 'cut too', '{');
    await turns();
    drop(2);
    drop(0);
    turn.finish({ reason });
    const parts = await reading;
    expect(checkStreamParts(parts)).toEqual([]);
    expect(parts.filter(({ type }) => type.startsWith('tool'))).toEqual([
      { type: 'tool-input-start', id: 'cut', toolName: 'look' },
      { type: 'tool-input-delta', id: 'cut', delta: '{"a' },
      { type: 'tool-input-end', id: 'cut' },
      { type: 'tool-input-start', id: 'whole', toolName: 'look' },
      { type: 'tool-input-delta', id: 'whole', delta: '{"b":1}' },
      { type: 'tool-input-end', id: 'whole' },
      { type: 'tool-input-start', id: 'cut too', toolName: 'look' },
      { type: 'tool-input-delta', id: 'cut too', delta: '{' },
      { type: 'tool-input-end', id: 'cut too' },
      { type: 'tool-call', toolCallId: 'whole', toolName: 'look', input: '{"b":1}' },
    ]);
  },
);

test.each<Partial<Outcome>>([
  { reason: 'cancelled' },
  { reason: 'failed', error: { code: 'engineCrashed', detail: 'the engine is gone' } },
])('an answer that is %p calls nothing', async (outcome) => {
  const { turn, result } = await stream();
  turn.call('look', {});
  turn.finish(outcome);
  const parts = await partsOf(result.stream);
  expect(checkStreamParts(parts)).toEqual([]);
  expect(parts.map(({ type }) => type)).not.toContain('tool-call');
});

test('a failure is a part, and the stream ends as every other', async () => {
  const { turn, result } = await stream();
  turn.say('He');
  turn.finish({ reason: 'failed', error: { code: 'engineCrashed', detail: 'the engine is gone' } });
  const parts = await partsOf(result.stream);
  expect(checkStreamParts(parts)).toEqual([]);
  expect(parts.slice(-2)).toMatchObject([
    { type: 'error', error: { code: 'engineCrashed' } },
    { type: 'finish', finishReason: { unified: 'error', raw: 'engineCrashed' } },
  ]);
});

test('an answer that somebody else ended is a part of one', async () => {
  const { turn, result } = await stream();
  turn.say('He');
  turn.finish({ reason: 'cancelled' });
  expect((await partsOf(result.stream)).at(-1)).toMatchObject({
    finishReason: { unified: 'interrupted', raw: 'cancelled' },
  });
});

test('an abort cancels the generation, and the stream fails with its reason when that has ended', async () => {
  const abort = new AbortController();
  const { port, turn, result } = await stream({ abortSignal: abort.signal });
  const reader = result.stream.getReader();
  await reader.read();
  abort.abort(new Error('enough'));
  expect(port.last('cancel').generationId).toBe(turn.id);
  turn.finish({ reason: 'cancelled' });
  const rest = (async () => {
    while (!(await reader.read()).done);
  })();
  await expect(rest).rejects.toThrow('enough');
});

test('an abort after the end changes nothing', async () => {
  const abort = new AbortController();
  const { turn, result } = await stream({ abortSignal: abort.signal });
  turn.say('Hi');
  turn.finish();
  abort.abort();
  expect((await partsOf(result.stream)).at(-1)).toMatchObject({ type: 'finish', finishReason: { unified: 'stop' } });
});

test('leaving the stream cancels the generation', async () => {
  const { port, turn, result } = await stream();
  const left = result.stream.cancel();
  port.answer(port.last('cancel'));
  turn.finish({ reason: 'cancelled' });
  await left;
  expect(port.sentOf('cancel')).toHaveLength(1);
});

test('states of the engine come as raw parts where they are asked for', async () => {
  const { turn, result } = await stream({ includeRawChunks: true });
  turn.say('Hi');
  turn.finish();
  const parts = await partsOf(result.stream);
  expect(checkStreamParts(parts)).toEqual([]);
  expect(parts.find(({ type }) => type === 'raw')).toMatchObject({ rawValue: { text: 'Hi' } });
});

test('an answer in one piece has everything that a stream has', async () => {
  const { port, result } = await generate({ headers: { 'x-key': '1' } });
  const turn = beginTurn(port);
  port.emit(
    { type: 'reasoningDelta', generationId: turn.id, offset: 0, text: 'hm' },
    { type: 'toolCallDelta', generationId: turn.id, index: 0, id: 'c', name: 'look', offset: 0, arguments: '{}' },
  );
  turn.say('Hi');
  turn.finish({ reason: 'toolCalls' });
  expect(await result).toMatchObject({
    content: [
      { type: 'reasoning', text: 'hm' },
      { type: 'text', text: 'Hi' },
      { type: 'tool-call', toolCallId: 'c', toolName: 'look', input: '{}' },
    ],
    finishReason: { unified: 'tool-calls', raw: 'toolCalls' },
    usage,
    response: { id: turn.id, modelId: 'chat.gguf' },
    warnings: [{ type: 'unsupported', feature: 'headers' }],
  });
});

test.each([
  ['stop', [{ type: 'tool-call', toolCallId: 'whole', toolName: 'look', input: '{}' }]],
  ['cancelled', []],
] as const)(
  'an answer in one piece has what is there, and calls that are whole and waited for: %s',
  async (reason, content) => {
    const { port, result } = await generate();
    const turn = beginTurn(port);
    turn.call('look', {}, 'whole');
    port.emit(
      { type: 'toolCallDelta', generationId: turn.id, index: 1, id: 'cut', name: 'look', offset: 0, arguments: '{' },
      { type: 'toolCallDropped', generationId: turn.id, index: 1 },
    );
    turn.finish({ reason });
    expect((await result).content).toEqual(content);
  },
);

test('a refusal of the engine is thrown as it is', async () => {
  const { port, result } = await generate();
  port.answer(port.last('generate'), { code: 'invalidOptions', detail: 'options.topP is out of range' });
  await expect(result).rejects.toMatchObject({ name: 'LlamaError', code: 'invalidOptions' });
});

test('a call that was aborted before is never sent', async () => {
  const { port, result } = await generate({ abortSignal: AbortSignal.abort(undefined) });
  await expect(result).rejects.toMatchObject({ name: 'AbortError' });
  expect(port.sentOf('generate')).toEqual([]);
});

test('a call that is aborted while it looks for its conversation is never sent, and gives it back', async () => {
  const { port, client } = harness();
  const model = createLlama(client)('chat.gguf');
  const abort = new AbortController();
  const aborted = model.doGenerate({ prompt, abortSignal: abort.signal });
  abort.abort();
  await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
  expect(port.sentOf('generate')).toEqual([]);
  const next = model.doGenerate({ prompt });
  await turns();
  expect(port.last('generate').scope).toBe('hidden:ai-sdk/0');
  beginTurn(port).finish();
  await next;
});

test('an aborted call in one piece throws the reason, once the generation has ended', async () => {
  const abort = new AbortController();
  const { port, result } = await generate({ abortSignal: abort.signal });
  const turn = beginTurn(port);
  abort.abort();
  expect(port.last('cancel').generationId).toBe(turn.id);
  turn.finish({ reason: 'cancelled' });
  await expect(result).rejects.toMatchObject({ name: 'AbortError' });
});

test('with a scope the prompt becomes its transcript, and what may be written of it is its own matter', async () => {
  const { sent, turn } = await stream({}, 'chat-42');
  turn.finish();
  expect(sent).toMatchObject({
    scope: 'chat-42',
    model: { path: 'chat.gguf' },
    messages: [{ role: 'user', content: 'Hi' }],
  });
  expect(sent).not.toHaveProperty('persist');
});

test('without a scope nothing is written to disk', async () => {
  const { sent, turn } = await stream({ providerOptions: { llama: { persist: 'full' } } });
  turn.finish();
  expect(sent).toMatchObject({ scope: 'hidden:ai-sdk/0', persist: 'none' });
});

test('calls at the same time never share a conversation, and extra conversations are deleted afterwards', async () => {
  const { port, client } = harness();
  const [left, right] = [createLlama(client), createLlama(client)];
  const together = async (count: number): Promise<string[]> => {
    const before = port.sentOf('generate').length;
    const calls = Array.from({ length: count }, (_, index) =>
      (index % 2 === 0 ? left : right)('chat.gguf').doGenerate({ prompt }),
    );
    await turns();
    const sent = port.sentOf('generate').slice(before);
    for (const { generationId: id, scope, requestId } of sent) {
      const state = {
        id,
        scope,
        model: 'chat.gguf',
        phase: { type: 'queued' as const },
        text: '',
        reasoning: '',
        toolCalls: [],
      };
      const usage = { promptTokens: 1, cachedTokens: 0, prefilledTokens: 1, outputTokens: 0 };
      const outcome = {
        reason: 'stop' as const,
        usage,
        timings: { queuedMs: 0, prefillMs: 0, decodeMs: 0, firstTokenMs: 0 },
      };
      port.emit(
        { type: 'generationQueued', generation: state },
        { type: 'done', requestId },
        { type: 'phaseChanged', generationId: id, phase: { type: 'finished', outcome } },
      );
    }
    await Promise.all(calls);
    return sent.map(({ scope }) => scope);
  };
  const names = [0, 1, 2, 3, 4, 5].map((index) => `hidden:ai-sdk/${index}`);
  expect(await together(6)).toEqual(names);
  expect(port.sentOf('deleteScope').map(({ scope }) => scope)).toEqual(names.slice(4));
  expect(await together(5)).toEqual(names.slice(0, 5));
});

test('a conversation that another client is at work in is left alone', async () => {
  const { port, client } = harness();
  port.emit({
    type: 'generationQueued',
    generation: {
      id: 'theirs',
      scope: 'hidden:ai-sdk/0',
      model: 'chat.gguf',
      phase: { type: 'decoding' },
      text: '',
      reasoning: '',
      toolCalls: [],
    },
  });
  const result = createLlama(client)('chat.gguf').doGenerate({ prompt });
  await turns();
  expect(port.last('generate').scope).toBe('hidden:ai-sdk/1');
  beginTurn(port).finish();
  await result;
});

test('the provider has language models, and says so of others', () => {
  const llama = createLlama(harness().client);
  expect(llama.languageModel('chat.gguf')).toMatchObject({
    specificationVersion: 'v4',
    provider: 'llama',
    modelId: 'chat.gguf',
    supportedUrls: {},
  });
  expect(() => llama.imageModel('i.gguf')).toThrow(/i\.gguf/);
});

test('after a reload a call goes on in the hidden conversation that it continues', async () => {
  const scope = 'hidden:ai-sdk/2';
  const { port, client } = harness({ scopes: [scopeSummary(scope, { model: 'chat.gguf', messageCount: 2 })] });
  const said: LanguageModelV4CallOptions['prompt'] = [
    ...prompt,
    { role: 'assistant', content: [{ type: 'text', text: 'Hello' }] },
    { role: 'user', content: [{ type: 'text', text: 'And?' }] },
  ];
  const result = createLlama(client)('chat.gguf').doGenerate({ prompt: said });
  await turns();
  expect(port.sentOf('generate')).toEqual([]);
  const { requestId } = port.last('getTranscript');
  const messages = [
    { role: 'user' as const, content: 'Hi' },
    { role: 'assistant' as const, content: 'Hello' },
  ];
  port.emit({ type: 'transcript', requestId, scope, revision: 1, messages });
  await turns();
  expect(port.last('generate').scope).toBe(scope);
  beginTurn(port).finish();
  await result;
});
