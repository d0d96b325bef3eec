// Tests the transport alone, with the AI SDK's plain `useChat` and with chats that their callers own.
import { Chat, useChat } from '@ai-sdk/react';
import { act, renderHook } from '@testing-library/react-native';
import { jsonSchema, tool, type UIMessage, type UIMessageChunk } from 'ai';

import { beginTurn } from '../../testing';
import { ChatAnswers } from '../ChatAnswers';
import { LlamaChatTransport, type LlamaChatTransportOptions } from '..';
import { harness, turns } from './harness';

const question: UIMessage = { id: 'q', role: 'user', parts: [{ type: 'text', text: 'Hi' }] };

function open(change: Partial<LlamaChatTransportOptions> = {}) {
  const { port, client } = harness();
  return { port, client, transport: new LlamaChatTransport({ client, model: 'a', ...change }) };
}

function ask(transport: LlamaChatTransport, abortSignal?: AbortSignal, chatId = 'chat') {
  return transport.sendMessages({
    trigger: 'submit-message',
    chatId,
    messageId: undefined,
    messages: [question],
    abortSignal,
  });
}

async function chunksOf(stream: ReadableStream<UIMessageChunk> | null): Promise<UIMessageChunk[]> {
  const chunks: UIMessageChunk[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk);
  return chunks;
}

const textIn = (chunks: UIMessageChunk[]) =>
  chunks.map((chunk) => (chunk.type === 'text-delta' ? chunk.delta : '')).join('');

test('plain useChat speaks to the engine, in the conversation of its id', async () => {
  const { port, transport } = open({ settings: { temperature: 0, providerOptions: { llama: { minP: 0.2 } } } });
  const { result, unmount } = await renderHook(() => useChat({ id: 'chat-42', transport }));
  await act(async () => {
    void result.current.sendMessage({ text: 'Hi' });
    await turns();
  });
  expect(port.last('generate')).toMatchObject({ scope: 'chat-42', options: { temperature: 0, minP: 0.2 } });
  await act(async () => {
    const turn = beginTurn(port);
    turn.say('Hello');
    turn.finish();
    await turns();
  });
  expect(result.current.messages.at(-1)?.parts).toMatchObject([
    { type: 'step-start' },
    { type: 'text', text: 'Hello' },
  ]);
  expect(result.current.status).toBe('ready');
  await unmount();
});

test('an answer goes on when nobody reads it, and is told again from its beginning', async () => {
  const { port, transport } = open();
  const first = await ask(transport);
  await turns();
  const turn = beginTurn(port);
  turn.say('One ');
  await turns();
  await first.cancel();
  turn.say('two ');
  await turns();
  const second = transport.reconnectToStream({ chatId: 'chat' });
  turn.say('three');
  turn.finish();
  expect(port.sentOf('cancel')).toEqual([]);
  const chunks = await chunksOf(await second);
  expect(textIn(chunks)).toBe('One two three');
  expect(chunks[0]?.type).toBe('start');
  expect(chunks.at(-1)?.type).toBe('finish');
  expect(await transport.reconnectToStream({ chatId: 'chat' })).toBeNull();
});

test('a transport finds an answer that another one began, and a chat of another conversation does not', async () => {
  const { port, client, transport } = open();
  void chunksOf(await ask(transport));
  await turns();
  const turn = beginTurn(port);
  turn.say('Hello');
  const other = new LlamaChatTransport({ client, model: 'b', scope: 'chat' });
  expect(await transport.reconnectToStream({ chatId: 'another' })).toBeNull();
  const found = other.reconnectToStream({ chatId: 'whatever' });
  turn.finish();
  expect(textIn(await chunksOf(await found))).toBe('Hello');
  expect(port.sentOf('generate')).toHaveLength(1);
});

test('an abort ends the answer, and looking on anew at once does not', async () => {
  const { port, transport } = open();
  const chat = new Chat<UIMessage>({ id: 'chat', transport, messages: [question] });
  void chunksOf(await ask(transport));
  await turns();
  const turn = beginTurn(port);
  turn.say('Hel');
  // StrictMode aborts and resumes `useChat` at once.
  void chat.resumeStream();
  void chat.resumeStream();
  await turns();
  expect(port.sentOf('cancel')).toEqual([]);
  expect(chat.status).toBe('streaming');
  const stopped = chat.stop();
  await turns();
  expect(port.sentOf('cancel')).toHaveLength(1);
  port.answer(port.last('cancel'));
  turn.finish({ reason: 'cancelled' });
  await stopped;
  expect(chat.status).toBe('ready');
});

test('a reader with an aborted signal ends the answer', async () => {
  const { port, transport } = open();
  const stream = await ask(transport, AbortSignal.abort(undefined));
  await expect(chunksOf(stream)).resolves.toEqual(
    expect.not.arrayContaining([expect.objectContaining({ type: 'text-delta' })]),
  );
  await turns();
  for (const { generationId } of port.sentOf('generate'))
    expect(port.sentOf('cancel').map((sent) => sent.generationId)).toContain(generationId);
});

test('a tool runs, and the model is asked again with its result', async () => {
  const execute = jest.fn(({ at }: { at: string }) => Promise.resolve({ at, celsius: 21 }));
  const inputSchema = jsonSchema<{ at: string }>({ type: 'object', properties: { at: { type: 'string' } } });
  const { port, transport } = open({
    tools: { warmth: tool({ description: 'How warm it is', inputSchema, execute }) },
  });
  const chunks = chunksOf(await ask(transport));
  await turns();
  expect(port.last('generate').options?.tools).toMatchObject([{ name: 'warmth', description: 'How warm it is' }]);
  const first = beginTurn(port);
  port.emit({
    type: 'toolCallDelta',
    generationId: first.id,
    index: 0,
    id: 'c1',
    name: 'warmth',
    offset: 0,
    arguments: '{"at": "Paris"}',
  });
  first.finish({ reason: 'toolCalls' });
  await turns();
  await turns();
  expect(execute).toHaveBeenCalledTimes(1);
  expect(port.last('generate').messages).toEqual([
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: '', toolCalls: [{ id: 'c1', name: 'warmth', arguments: '{"at":"Paris"}' }] },
    { role: 'tool', content: '{"at":"Paris","celsius":21}', toolCallId: 'c1', toolName: 'warmth' },
  ]);
  const second = beginTurn(port);
  second.say('21 degrees.');
  second.finish();
  const types = (await chunks).map(({ type }) => type);
  expect(types.filter((type) => type === 'start-step')).toHaveLength(2);
  expect(types).toEqual(expect.arrayContaining(['tool-input-available', 'tool-output-available']));
  expect(textIn(await chunks)).toBe('21 degrees.');
});

test('a chat with a call that was never answered can be asked again', async () => {
  const { port, transport } = open();
  const messages: UIMessage[] = [
    question,
    {
      id: 'a',
      role: 'assistant',
      parts: [
        { type: 'text', text: 'Let me see.' },
        {
          type: 'dynamic-tool',
          toolName: 'warmth',
          toolCallId: 'c1',
          state: 'input-available',
          input: { at: 'Paris' },
        },
      ],
    },
    { id: 'q2', role: 'user', parts: [{ type: 'text', text: 'Never mind' }] },
  ];
  const chunks = chunksOf(
    await transport.sendMessages({
      trigger: 'submit-message',
      chatId: 'chat',
      messageId: undefined,
      messages,
      abortSignal: undefined,
    }),
  );
  await turns();
  expect(port.last('generate').messages).toEqual([
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Let me see.' },
    { role: 'user', content: 'Never mind' },
  ]);
  const turn = beginTurn(port);
  turn.say('Fine.');
  turn.finish();
  expect(textIn(await chunks)).toBe('Fine.');
});

test('steps end at their limit', async () => {
  const inputSchema = jsonSchema<object>({ type: 'object' });
  const { port, transport } = open({
    maxSteps: 1,
    tools: { now: tool({ inputSchema, execute: () => Promise.resolve('noon') }) },
  });
  const chunks = chunksOf(await ask(transport));
  await turns();
  const turn = beginTurn(port);
  port.emit({
    type: 'toolCallDelta',
    generationId: turn.id,
    index: 0,
    id: 'c1',
    name: 'now',
    offset: 0,
    arguments: '{}',
  });
  turn.finish({ reason: 'toolCalls' });
  await chunks;
  expect(port.sentOf('generate')).toHaveLength(1);
});

test('a reload finds the answer of the JavaScript before, and leaves its tools to nobody twice', async () => {
  const execute = jest.fn(() => Promise.resolve('noon'));
  const { port, transport } = open({
    tools: { now: tool({ inputSchema: jsonSchema<object>({ type: 'object' }), execute }) },
  });
  port.emit({
    type: 'generationQueued',
    generation: {
      id: 'g',
      scope: 'chat',
      model: 'a',
      phase: { type: 'decoding' },
      text: 'Let me see',
      reasoning: '',
      toolCalls: [],
    },
  });
  const chunks = chunksOf(await transport.reconnectToStream({ chatId: 'chat' }));
  await turns();
  port.emit(
    { type: 'toolCallDelta', generationId: 'g', index: 0, id: 'c1', name: 'now', offset: 0, arguments: '{}' },
    {
      type: 'phaseChanged',
      generationId: 'g',
      phase: {
        type: 'finished',
        outcome: {
          reason: 'toolCalls',
          usage: { promptTokens: 1, cachedTokens: 0, prefilledTokens: 1, outputTokens: 2 },
          timings: { queuedMs: 0, prefillMs: 0, decodeMs: 0, firstTokenMs: 0 },
        },
      },
    },
  );
  const types = (await chunks).map(({ type }) => type);
  expect(textIn(await chunks)).toBe('Let me see');
  expect(types).toContain('tool-input-available');
  expect(execute).not.toHaveBeenCalled();
  expect(port.sentOf('generate')).toEqual([]);
});

test('an answer that a reload found is over when the engine is done with it, not when it is stopped', async () => {
  const { port, client, transport } = open();
  port.emit({
    type: 'generationQueued',
    generation: {
      id: 'g',
      scope: 'chat',
      model: 'a',
      phase: { type: 'decoding' },
      text: 'Let me see',
      reasoning: '',
      toolCalls: [],
    },
  });
  void chunksOf(await transport.reconnectToStream({ chatId: 'chat' })).catch(() => undefined);
  const run = ChatAnswers.of(client).get('chat');
  let isOver = false;
  void run?.ended.then(() => {
    isOver = true;
  });
  run?.stop();
  await turns();
  expect(isOver).toBe(false);
  const usage = { promptTokens: 1, cachedTokens: 0, prefilledTokens: 1, outputTokens: 2 };
  const timings = { queuedMs: 0, prefillMs: 0, decodeMs: 0, firstTokenMs: 0 };
  port.emit({
    type: 'phaseChanged',
    generationId: 'g',
    phase: { type: 'finished', outcome: { reason: 'cancelled', usage, timings } },
  });
  await turns();
  expect(isOver).toBe(true);
});

test('a refusal of the AI SDK before it asks is the chat’s error', async () => {
  const { transport } = open();
  const image: UIMessage = {
    id: 'q',
    role: 'user',
    parts: [{ type: 'file', mediaType: 'image/png', url: 'data:image/png;base64,AA==' }],
  };
  const stream = await transport.sendMessages({
    trigger: 'submit-message',
    chatId: 'chat',
    messageId: undefined,
    messages: [image],
    abortSignal: undefined,
  });
  await expect(chunksOf(stream)).rejects.toThrow(/a file of the type image\/png/);
});
