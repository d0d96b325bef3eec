// The AI SDK on the real engine: text, in one piece and streamed, with its usage, and aborted at every point.
import { generateText, type ModelMessage, streamText } from 'ai';

import { createLlama, type LlamaProviderOptions } from 'react-native-llama-rs/ai-sdk';
import type { TokenLogprob } from 'react-native-llama-rs';
import { installNodePort } from 'react-native-llama-rs/testing';
import { checkedModel } from './checkedModel';
import { myName, tiny, unloadTiny, whoAmI } from '../proof/tiny';
import { until } from '../proof/until';

const engine = installNodePort({ manager: 'global' });
afterEach(async () => {
  await engine.client.deleteAllScopes();
  await unloadTiny(engine.client);
});

const user = (content: string): ModelMessage => ({ role: 'user', content });

/** The tiny model, greedy. */
function plain(scope?: string) {
  return { model: createLlama(engine.client)(tiny, { scope }), temperature: 0 };
}

/** The tiny model, with checked streams. */
function model(scope?: string) {
  return checkedModel(createLlama(engine.client)(tiny, { scope }));
}

test('generateText answers, and says what it cost', async () => {
  const { text, usage, finishReason, warnings, finalStep } = await generateText({ ...plain(), prompt: myName.asks });
  expect(text).toBe(myName.gets);
  expect(finishReason).toBe('stop');
  expect(warnings).toEqual([]);
  expect(usage.inputTokens).toBeGreaterThan(5);
  expect(usage.inputTokenDetails).toEqual({
    noCacheTokens: usage.inputTokens,
    cacheReadTokens: 0,
    cacheWriteTokens: undefined,
  });
  expect(usage.outputTokens).toBeGreaterThan(3);
  expect(finalStep.providerMetadata).toMatchObject({
    llama: { generationId: finalStep.response.id, timings: { firstTokenMs: expect.any(Number) as number } },
  });
});

test('streamText streams, and a message list that grows prefills only the new turn', async () => {
  const { model: llama, check } = model();
  const messages = [user(myName.asks)];
  const first = streamText({ model: llama, temperature: 0, messages });
  const pieces: string[] = [];
  for await (const piece of first.textStream) pieces.push(piece);
  expect(pieces.join('')).toBe(myName.gets);
  messages.push(...(await first.responseMessages), user(whoAmI.asks));

  const before = await first.usage;
  const second = streamText({ model: llama, temperature: 0, messages });
  expect(await second.text).toBe(whoAmI.gets);
  const after = await second.usage;
  // The whole first turn is cached, except at most its last token, which was sampled and not yet computed.
  const known = (before.inputTokens ?? 0) + (before.outputTokens ?? 0) - 1;
  expect(after.inputTokenDetails.cacheReadTokens).toBeGreaterThanOrEqual(known);
  expect(after.inputTokenDetails.noCacheTokens).toBe(
    (after.inputTokens ?? 0) - (after.inputTokenDetails.cacheReadTokens ?? 0),
  );
  check();
});

test('two conversations in turn keep a place each, and neither hears the other', async () => {
  const { model: llama, check } = model();
  const talks = ['alice', 'bob'].map((name) => ({
    name,
    messages: [{ role: 'system', content: 'You are helpful.' }, user(`my name is ${name}`)] as ModelMessage[],
  }));
  for (const { messages } of talks)
    messages.push(
      ...(await streamText({ model: llama, temperature: 0, messages, allowSystemInMessages: true }).responseMessages),
    );
  for (const { name, messages } of talks) {
    messages.push(user(whoAmI.asks));
    const { text, usage } = streamText({ model: llama, temperature: 0, messages, allowSystemInMessages: true });
    expect(await text).toBe(`Your name is ${name}.`);
    const { cacheReadTokens = 0, noCacheTokens = 0 } = (await usage).inputTokenDetails;
    expect(cacheReadTokens).toBeGreaterThan(noCacheTokens);
  }
  check();
});

test('calls at once are answered at once, each in a conversation of its own', async () => {
  const { model: llama } = model();
  const names = ['alice', 'bob', 'carol', 'dave', 'erin'];
  const results = await Promise.all(
    names.map((name) => generateText({ model: llama, temperature: 0, prompt: `my name is ${name}` })),
  );
  expect(results.map(({ text }) => text)).toEqual(names.map((name) => `Nice to meet you, ${name}.`));
  const scopes = results.map(({ finalStep }) => finalStep.providerMetadata?.['llama']?.['scope']);
  expect(new Set(scopes).size).toBe(names.length);
});

test('with a scope it is that conversation, which others see too', async () => {
  const { model: llama } = model('chat-42');
  await generateText({ model: llama, temperature: 0, prompt: myName.asks });
  expect(await engine.client.transcript('chat-42')).toEqual([
    { role: 'user', content: myName.asks },
    { role: 'assistant', content: myName.gets },
  ]);
  const { text } = await engine.client.generate({
    model: tiny,
    scope: 'chat-42',
    append: [{ role: 'user', content: whoAmI.asks }],
    options: { temperature: 0 },
  }).result;
  expect(text).toBe(whoAmI.gets);
});

test('a limit, a stop text and options of our own reach the engine', async () => {
  const { model: llama } = model();
  const short = await generateText({ model: llama, temperature: 0, prompt: myName.asks, maxOutputTokens: 2 });
  expect(short.finishReason).toBe('length');
  expect(short.usage.outputTokens).toBe(2);
  const stopped = await generateText({ model: llama, temperature: 0, prompt: myName.asks, stopSequences: [' you'] });
  expect(stopped.text).toBe('Nice to meet');
  const llamaOptions = { minP: 7 } satisfies LlamaProviderOptions;
  const refused = generateText({
    model: llama,
    temperature: 0,
    prompt: 'hello',
    providerOptions: { llama: llamaOptions },
  });
  await expect(refused).rejects.toMatchObject({
    code: 'invalidOptions',
    detail: expect.stringContaining('minP') as string,
  });
});

/** Makes tokens that were seen likelier, so that the answer repeats itself until the context is full. */
const endless = { llama: { repeatPenalty: 0.05 } satisfies LlamaProviderOptions };

test('an abort before the call computes nothing', async () => {
  const calls = engine.client.generations.getSnapshot().length;
  const aborted = generateText({ ...plain(), prompt: 'hello', abortSignal: AbortSignal.abort(undefined) });
  await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
  expect(engine.client.generations.getSnapshot()).toHaveLength(calls);
});

test('an abort in the middle ends the generation, and what was heard stays for the next turn', async () => {
  const { model: llama } = model('aborted');
  const abort = new AbortController();
  const parts: string[] = [];
  const result = streamText({
    model: llama,
    temperature: 0,
    prompt: 'hello',
    providerOptions: endless,
    abortSignal: abort.signal,
  });
  for await (const part of result.stream) {
    parts.push(part.type);
    if (part.type === 'text-delta') abort.abort();
  }
  expect(parts.at(-1)).toBe('abort');
  await until(engine.client.scope('aborted'), ({ generations }) => generations.length === 0);
  const messages = await engine.client.transcript('aborted');
  expect(messages).toMatchObject([{ role: 'user', content: 'hello' }, { role: 'assistant' }]);
  expect(messages[1]?.content).not.toBe('');
});

test('an abort while the model loads ends the load, and nothing is said', async () => {
  const abort = new AbortController();
  const result = generateText({ ...plain('loading'), prompt: 'hello', abortSignal: abort.signal });
  const [generation] = (await until(engine.client.scope('loading'), ({ generations }) => generations.length === 1))
    .generations;
  abort.abort();
  await expect(result).rejects.toMatchObject({ name: 'AbortError' });
  expect(generation?.getSnapshot()).toMatchObject({
    text: '',
    phase: { type: 'finished', outcome: { reason: 'cancelled', usage: { outputTokens: 0 } } },
  });
});

test('an abort in the middle of an answer in one piece rejects when the generation has ended', async () => {
  const abort = new AbortController();
  const result = generateText({
    ...plain('aborted'),
    prompt: 'hello',
    providerOptions: endless,
    abortSignal: abort.signal,
  });
  const [generation] = (await until(engine.client.scope('aborted'), ({ generations }) => generations.length === 1))
    .generations;
  if (generation === undefined) throw new Error('the store has it');
  await until(generation, ({ text }) => text !== '');
  abort.abort(new Error('enough'));
  await expect(result).rejects.toThrow('enough');
  expect(generation.getSnapshot().phase.type).toBe('finished');
});

test('an abort after the end changes nothing', async () => {
  const abort = new AbortController();
  const { text, finishReason } = await generateText({ ...plain(), prompt: myName.asks, abortSignal: abort.signal });
  abort.abort();
  expect({ text, finishReason }).toEqual({ text: myName.gets, finishReason: 'stop' });
});

test('after a reload of JavaScript a call finds its conversation again, and none is left behind', async () => {
  const first = await generateText({ ...plain(), prompt: myName.asks });
  engine.reload();
  const messages = [user(myName.asks), ...first.responseMessages, user(whoAmI.asks)];
  const second = await generateText({ ...plain(), messages });
  expect(second.text).toBe(whoAmI.gets);
  expect(second.usage.inputTokenDetails.cacheReadTokens).toBeGreaterThan(first.usage.inputTokens ?? 0);
  expect(engine.client.scopes.getSnapshot()).toHaveLength(1);
});

test('how likely the tokens were is in the metadata, in one piece and streamed', async () => {
  const providerOptions = { llama: { logprobs: 2 } satisfies LlamaProviderOptions };
  const { text, usage, finalStep } = await generateText({ ...plain(), prompt: myName.asks, providerOptions });
  const told = finalStep.providerMetadata?.['llama']?.['logprobs'] as unknown as TokenLogprob[];
  expect(told.map((token) => token.text).join('')).toBe(text);
  expect(told).toHaveLength(usage.outputTokens ?? 0);
  expect(told[0]?.top).toHaveLength(2);
  const streamed = streamText({ ...plain(), prompt: myName.asks, providerOptions });
  expect((await streamed.finalStep).providerMetadata?.['llama']?.['logprobs']).toEqual(told);
});
