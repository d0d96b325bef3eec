import { act, render, renderHook } from '@testing-library/react-native';
import { useLayoutEffect } from 'react';

import { LlamaClient } from '../../core/LlamaClient';
import type { GenerateOptions, Message } from '../../protocol/generated';
import { beginTurn, manualScheduler, modelInfo, modelState, scopeSummary } from '../../testing';
import { useLlamaChat, type UseLlamaChat, type UseLlamaChatOptions } from '../useLlamaChat';
import { harness, providerOf } from './harness';

const chat = { model: { path: 'a' }, scope: 's' };
const hello: Message[] = [
  { role: 'user', content: 'Hi' },
  { role: 'assistant', content: 'Hello' },
];
const summary = scopeSummary('s', { messageCount: 2, cachedTokens: 9, revision: 2, lastUsedAt: 1 });

async function open(world?: Parameters<typeof harness>[0], initialProps: UseLlamaChatOptions = chat) {
  const all = harness(world);
  const hook = await renderHook((options: UseLlamaChatOptions) => useLlamaChat(options), {
    wrapper: all.wrapper,
    initialProps,
  });
  const lines = () => hook.result.current.messages.map(({ role, content }) => `${role}: ${content}`);
  const answerTranscript = (messages: Message[]) =>
    all.play((port) => {
      const { requestId, scope } = port.last('getTranscript');
      port.emit({ type: 'transcript', requestId, scope, revision: 2, messages });
    });
  return { ...all, ...hook, lines, answerTranscript };
}

test('a new conversation is ready and empty at once', async () => {
  const { result, port } = await open();
  expect(result.current).toMatchObject({ messages: [], status: 'ready', error: undefined });
  expect(port.sentOf('getTranscript')).toHaveLength(0);
});

test('it holds a lease of its own, under its own name', async () => {
  const { port, result } = await open();
  expect(port.last('acquire')).toMatchObject({ debugLabel: 'useLlamaChat', model: chat.model });
  expect(result.current.model.status).toBe('unloaded');
  const named = await open(undefined, { ...chat, debugLabel: 'VoiceTab' });
  expect(named.port.last('acquire').debugLabel).toBe('VoiceTab');
});

test('a conversation that exists is loading until its transcript is there', async () => {
  const { result, lines, answerTranscript } = await open({ scopes: [summary] });
  expect(result.current).toMatchObject({ status: 'loading', messages: [] });
  await answerTranscript(hello);
  expect(result.current.status).toBe('ready');
  expect(lines()).toEqual(['user: Hi', 'assistant: Hello']);
});

test('a question and its answer are shown as they come', async () => {
  const { result, play, lines, port } = await open();
  await act(() => void result.current.send('Hi'));
  expect(result.current.status).toBe('submitted');
  expect(lines()).toEqual(['user: Hi', 'assistant: ']);
  const turn = await play(beginTurn);
  expect(result.current.status).toBe('submitted');
  await play(() => turn.say('Hel'));
  expect(result.current.status).toBe('streaming');
  await play(() => turn.say('lo'));
  expect(lines()).toEqual(['user: Hi', 'assistant: Hello']);
  await play(() => turn.finish());
  expect(result.current.status).toBe('ready');
  expect(lines()).toEqual(['user: Hi', 'assistant: Hello']);
  expect(port.sentOf('generate')).toHaveLength(1);
});

test('finished messages are the same objects while an answer streams', async () => {
  const { result, play, answerTranscript } = await open({ scopes: [summary] });
  await answerTranscript(hello);
  const before = result.current.messages;
  await act(() => void result.current.send('Again'));
  const turn = await play((port) => beginTurn(port, hello));
  await play(() => turn.say('Yes'));
  expect(result.current.messages[0]).toBe(before[0]);
  expect(result.current.messages[1]).toBe(before[1]);
});

test('one batch of text is one render', async () => {
  const all = harness();
  let renders = 0;
  const { result } = await renderHook(
    () => {
      renders += 1;
      return useLlamaChat(chat);
    },
    { wrapper: all.wrapper },
  );
  await act(() => void result.current.send('Hi'));
  const { id } = await all.play(beginTurn);
  const before = renders;
  await all.play((port) =>
    port.emit(
      { type: 'textDelta', generationId: id, offset: 0, text: 'a' },
      { type: 'textDelta', generationId: id, offset: 1, text: 'b' },
    ),
  );
  expect(renders).toBe(before + 1);
});

test('the known part of a message is prefilled, one prefill at a time, and the newest text next', async () => {
  const { result, port, play } = await open({ scopes: [summary] });
  const texts = () => port.sentOf('prefill').map(({ append }) => append);
  await act(() => ['', 'What', 'What is', 'What is my na'].forEach(result.current.prefill));
  expect(texts()).toEqual([[{ role: 'user', content: '' }]]);
  expect(port.last('prefill')).toMatchObject({ scope: 's', open: true });
  await play(() =>
    port.emit({ type: 'prefilled', requestId: port.last('prefill').requestId, cachedTokens: 9, prefilledTokens: 3 }),
  );
  expect(texts()).toEqual([[{ role: 'user', content: '' }], [{ role: 'user', content: 'What is my na' }]]);
  await play(() =>
    port.emit({ type: 'prefilled', requestId: port.last('prefill').requestId, cachedTokens: 9, prefilledTokens: 3 }),
  );
  expect(texts()).toHaveLength(2);
  await act(() => result.current.prefill('What is my name'));
  expect(texts()).toHaveLength(3);
});

test.each(['cancelled', 'busy', 'modelUnloaded', 'contextFull'] as const)(
  'a guess that ends as %s is no error, and the next one is sent',
  async (code) => {
    const { result, port, play } = await open({ scopes: [summary] });
    await act(() => result.current.prefill('What'));
    await act(() => result.current.prefill('What is'));
    const before = result.current;
    await play(() => port.answer(port.last('prefill'), { code, detail: 'a turn came first' }));
    expect(port.sentOf('prefill')).toHaveLength(2);
    await play(() => port.answer(port.last('prefill'), { code, detail: 'a turn came first' }));
    expect(result.current).toMatchObject({ error: undefined, status: before.status });
  },
);

test('nothing is prepared where there is nothing before, or where another model has it', async () => {
  const { result, port, play, rerender } = await open(undefined, { ...chat, system: 'Be brief.' });
  await act(() => result.current.prefill('Hi'));
  await play(() => port.emit({ type: 'scopeChanged', scope: { ...summary, model: 'b' } }));
  await act(() => result.current.prefill('Hi'));
  expect(port.sentOf('prefill')).toHaveLength(0);
  await rerender({ ...chat, model: { path: 'b' }, system: 'Be brief.' });
  await act(() => result.current.prefill('Hi'));
  expect(port.last('prefill').append).toEqual([{ role: 'user', content: 'Hi' }]);
  await play(() => port.answer(port.last('prefill'), { code: 'cancelled', detail: 'it was cut' }));
  // A conversation that was cut to its beginning is opened again by the next message.
  await play(() => port.emit({ type: 'scopeChanged', scope: { ...summary, model: 'b', messageCount: 0 } }));
  await act(() => result.current.prefill('Hi'));
  expect(port.last('prefill').append).toEqual([
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hi' },
  ]);
});

test('delivered text is kept on stop, unless the options say otherwise', async () => {
  const { result, port, rerender } = await open();
  await act(() => void result.current.send('Hi'));
  expect(port.last('generate').options).toEqual({ keepPartial: true });
  await rerender({ ...chat, options: { keepPartial: false, temperature: 0, seed: 1 } });
  await act(() => void result.current.send('Hi', { seed: 7 }));
  expect(port.last('generate').options).toEqual({ keepPartial: false, temperature: 0, seed: 7 });
});

test('the system message opens a new conversation, once', async () => {
  const { result, port, play } = await open(undefined, { ...chat, system: 'Be brief.' });
  await act(() => void result.current.send('Hi'));
  expect(port.last('generate').append).toEqual([
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hi' },
  ]);
  await act(() => void result.current.send('Ho'));
  expect(port.last('generate').append).toEqual([{ role: 'user', content: 'Ho' }]);
  const first = port.sentOf('generate')[0];
  expect(first?.model).toEqual(chat.model);
  await play(() => port.emit({ type: 'scopeChanged', scope: summary }));
});

test('the system message does not enter a conversation that exists', async () => {
  const { result, port } = await open({ scopes: [summary] }, { ...chat, system: 'Be brief.' });
  await act(() => void result.current.send('Hi'));
  expect(port.last('generate').append).toEqual([{ role: 'user', content: 'Hi' }]);
});

test('the system message opens a conversation again whose first turn went back', async () => {
  const gone = { ...summary, messageCount: 0, revision: 2 };
  const { result, port } = await open({ scopes: [gone] }, { ...chat, system: 'Be brief.' });
  await act(() => void result.current.send('Hi'));
  expect(port.last('generate').append).toEqual([
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hi' },
  ]);
});

test('stop ends every turn of the conversation and resolves when they have ended', async () => {
  const { result, port, play } = await open();
  await act(() => void result.current.send('one'));
  await act(() => void result.current.send('two'));
  const stopped = jest.fn();
  await act(() => void result.current.stop().then(stopped));
  const commands = port.sentOf('cancel');
  expect(commands.map(({ generationId }) => generationId)).toEqual(
    port.sentOf('generate').map(({ generationId }) => generationId),
  );
  expect(stopped).not.toHaveBeenCalled();
  await play(() => commands.forEach((command) => port.answer(command)));
  expect(stopped).toHaveBeenCalledTimes(1);
});

test('regenerate answers the last question anew', async () => {
  const { result, port, answerTranscript, lines } = await open({ scopes: [summary] });
  await answerTranscript([...hello, { role: 'user', content: 'And?' }, { role: 'assistant', content: 'Well' }]);
  await act(() => void result.current.regenerate({ seed: 7 }));
  expect(port.last('generate')).toMatchObject({
    scope: 's',
    messages: [...hello, { role: 'user', content: 'And?' }],
    options: { keepPartial: true, seed: 7 },
  });
  expect(lines()).toEqual(['user: Hi', 'assistant: Hello', 'user: And?', 'assistant: ']);
});

test('there is nothing to regenerate before the first question', async () => {
  const { result, port } = await open();
  expect(result.current.regenerate()).toBeUndefined();
  expect(port.sentOf('generate')).toHaveLength(0);
});

test('a turn that failed is an error until the next begins', async () => {
  const { result, play, port } = await open();
  await act(() => void result.current.send('Hi'));
  await play(() => port.answer(port.last('generate'), { code: 'contextFull', detail: 'too long' }));
  expect(result.current).toMatchObject({ status: 'error', error: { code: 'contextFull' } });
  await act(() => void result.current.send('Hi'));
  expect(result.current).toMatchObject({ status: 'submitted', error: undefined });
});

test('a transcript that cannot be read, and a model that is not there, are errors', async () => {
  const { result, play, port } = await open({ scopes: [summary] });
  await play(() => port.answer(port.last('getTranscript'), { code: 'busy', detail: 'full' }));
  expect(result.current).toMatchObject({ status: 'error', error: { code: 'busy' } });
  const other = await open();
  const error = { code: 'modelNotFound', detail: 'no file' } as const;
  await other.play((script) =>
    script.emit({ type: 'modelChanged', model: modelState('a', { type: 'failed', error }) }),
  );
  expect(other.result.current).toMatchObject({
    status: 'error',
    error: { code: 'modelNotFound' },
    model: { status: 'failed' },
  });
});

test('a component that comes back to a running answer shows all of it in its first render', async () => {
  const all = harness();
  const first = await renderHook(() => useLlamaChat(chat), { wrapper: all.wrapper });
  await act(() => void first.result.current.send('Hi'));
  const turn = await all.play(beginTurn);
  await all.play(() => turn.say('Hel'));
  await first.unmount();
  await all.play(() => turn.say('lo, '));
  const renders: string[] = [];
  const { result } = await renderHook(
    () => {
      const shown = useLlamaChat(chat);
      renders.push(shown.messages.map(({ content }) => content).join('|'));
      return shown;
    },
    { wrapper: all.wrapper },
  );
  expect(renders[0]).toBe('Hi|Hello, ');
  await all.play(() => turn.say('Alice'));
  expect(result.current.messages[1]?.content).toBe('Hello, Alice');
  await all.play(() => turn.finish());
  expect(result.current.messages).toEqual([
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello, Alice' },
  ]);
  expect(all.port.sentOf('cancel')).toHaveLength(0);
});

test('after a reload of JavaScript the running answer is found and goes on, with nothing lost', async () => {
  const all = harness({ models: [modelState('a', { type: 'ready', info: modelInfo })] });
  const before = await renderHook(() => useLlamaChat(chat), { wrapper: all.wrapper });
  await act(() => void before.result.current.send('Hi'));
  const turn = await all.play(beginTurn);
  await all.play(() => turn.say('Hel'));
  await before.unmount();
  all.client.close();
  await all.play(() => turn.say('lo'));

  const client = new LlamaClient(all.port, { scheduler: manualScheduler() });
  const { result } = await renderHook(() => useLlamaChat(chat), { wrapper: providerOf(client) });
  expect(result.current).toMatchObject({ status: 'streaming', messages: [{ role: 'assistant', content: 'Hello' }] });
  await all.play((port) => {
    const { requestId } = port.last('getTranscript');
    port.emit({ type: 'transcript', requestId, scope: 's', revision: 1, messages: [{ role: 'user', content: 'Hi' }] });
  });
  expect(result.current.messages.map(({ content }) => content)).toEqual(['Hi', 'Hello']);
  await all.play(() => turn.say(', Alice'));
  await all.play(() => turn.finish());
  expect(result.current.messages).toEqual([
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello, Alice' },
  ]);
  expect(result.current.status).toBe('ready');
});

test('two components on one scope show the same', async () => {
  const { wrapper: Wrapper, play } = harness();
  const shown: UseLlamaChat[] = [];
  function Chat({ index }: { index: number }) {
    shown[index] = useLlamaChat(chat);
    return null;
  }
  await render(
    <Wrapper>
      <Chat index={0} />
      <Chat index={1} />
    </Wrapper>,
  );
  await act(() => void shown[0]?.send('Hi'));
  const turn = await play(beginTurn);
  await play(() => turn.say('Hello'));
  expect(shown[1]?.messages.map(({ content }) => content)).toEqual(['Hi', 'Hello']);
  expect(shown[0]?.messages).toEqual(shown[1]?.messages);
  expect(shown[1]?.status).toBe('streaming');
});

test('another scope shows the other conversation, and reads its transcript', async () => {
  const { result, rerender, port, lines, answerTranscript } = await open({
    scopes: [summary, { ...summary, id: 't' }],
  });
  await answerTranscript(hello);
  await rerender({ ...chat, scope: 't' });
  expect(port.last('getTranscript').scope).toBe('t');
  expect(result.current.status).toBe('loading');
  expect(lines()).toEqual([]);
});

test('the functions are the same until what they use changes, and then use it', async () => {
  const options = (change: GenerateOptions): UseLlamaChatOptions => ({ ...chat, options: change });
  const { result, rerender, port, client } = await open(undefined, options({ seed: 1 }));
  const { send, prefill, stop, regenerate } = result.current;
  await rerender(options({ seed: 1 }));
  expect(result.current).toMatchObject({ send, prefill, stop, regenerate });
  await rerender({ ...options({ seed: 2 }), scope: 't', model: { path: 'b' }, system: 'Be brief.' });
  await act(() => void result.current.send('Hi'));
  expect(port.last('generate')).toMatchObject({
    scope: 't',
    model: { path: 'b' },
    options: { seed: 2 },
    append: [{ role: 'system' }, { role: 'user' }],
  });
  await act(() => void result.current.stop().catch(() => undefined));
  expect(port.last('cancel').generationId).toBe(client.scope('t').getSnapshot().generations[0]?.id);
});

test('another client answers from there on', async () => {
  const first = harness();
  const second = harness({ scopes: [summary] });
  let shown: UseLlamaChat | undefined;
  function Chat() {
    shown = useLlamaChat(chat);
    return null;
  }
  const { rerender } = await render(
    <first.wrapper>
      <Chat />
    </first.wrapper>,
  );
  await rerender(
    <second.wrapper>
      <Chat />
    </second.wrapper>,
  );
  const { requestId } = second.port.last('getTranscript');
  await second.play((port) => port.emit({ type: 'transcript', requestId, scope: 's', revision: 2, messages: hello }));
  await act(() => void shown?.regenerate());
  await act(() => void shown?.stop().catch(() => undefined));
  await act(() => void shown?.send('Ho'));
  expect(second.port.sentOf('generate')).toHaveLength(2);
  expect(second.port.sentOf('cancel')).toHaveLength(1);
  expect(first.port.sentOf('generate')).toHaveLength(0);
});

test('a component that has gone listens to nothing', async () => {
  const { client, wrapper } = harness();
  const generation = client.generate({ ...chat, append: [{ role: 'user', content: 'Hi' }] });
  const { subscribe } = generation;
  let listening = 0;
  Object.assign(generation, {
    subscribe(listener: () => void) {
      listening += 1;
      const leave = subscribe(listener);
      return () => {
        listening -= 1;
        leave();
      };
    },
  });
  const { unmount } = await renderHook(() => useLlamaChat(chat), { wrapper });
  expect(listening).toBe(1);
  await unmount();
  expect(listening).toBe(0);
});

test('text that arrives between the first render and its effects is not missed', async () => {
  const { client, port, wrapper } = harness();
  client.generate({ ...chat, append: [{ role: 'user', content: 'Hi' }] });
  const turn = beginTurn(port);
  const { result } = await renderHook(
    () => {
      const shown = useLlamaChat(chat);
      useLayoutEffect(() => turn.say('Hello'), []);
      return shown;
    },
    { wrapper },
  );
  expect(result.current.messages[1]?.content).toBe('Hello');
});

test('persist and overflow are sent with every turn, or left as they are', async () => {
  const { result, port, rerender } = await open();
  await act(() => void result.current.send('Hi'));
  expect(port.last('generate')).not.toHaveProperty('persist');
  expect(port.last('generate')).not.toHaveProperty('overflow');
  await rerender({ ...chat, persist: 'transcript', overflow: 'error' });
  await act(() => void result.current.send('Hi'));
  expect(port.last('generate')).toMatchObject({ persist: 'transcript', overflow: 'error' });
});

test('where it is, and how much of it the model no longer sees, is shown once it is there', async () => {
  const { result, play } = await open();
  expect(result.current.summary).toBeUndefined();
  const known = scopeSummary('s', { droppedMessages: 4, residency: 'parked' });
  await play((port) => port.emit({ type: 'scopeChanged', scope: known }));
  expect(result.current.summary).toEqual(known);
});

test('it is cut and copied under its own name', async () => {
  const { result, port, play, rerender } = await open({ scopes: [summary, { ...summary, id: 't' }] });
  const cut = jest.fn();
  const copied = jest.fn();
  await act(() => void result.current.rewindTo(1).then(cut));
  expect(port.last('rewindTo')).toMatchObject({ scope: 's', messageIndex: 1 });
  await play(() => port.answer(port.last('rewindTo')));
  expect(cut).toHaveBeenCalledTimes(1);
  await rerender({ ...chat, scope: 't' });
  await act(() => void result.current.fork(1).then(copied));
  expect(port.last('fork')).toMatchObject({ scope: 't', messageCount: 1 });
  await play(() => port.answer(port.last('fork')));
  expect(copied).toHaveBeenCalledWith(port.last('fork').fork);
  await act(() => void result.current.rewindTo(0).catch(() => undefined));
  expect(port.last('rewindTo')).toMatchObject({ scope: 't', messageIndex: 0 });
});

describe('tools', () => {
  const tools = (execute: () => unknown, needsApproval = false) => ({ tools: { now: { execute, needsApproval } } });

  test('a call is carried out by the functions of the newest render of its conversation', async () => {
    const { result, rerender, client, port, play } = await open(undefined, { ...chat, ...tools(() => 'first', true) });
    await act(() => void result.current.send('When?'));
    const id = await play(() => {
      const turn = beginTurn(port);
      const call = turn.call('now', {});
      turn.finish();
      return call;
    });
    await rerender({ ...chat, ...tools(() => 'newest', true) });
    await rerender({ ...chat, scope: 't', ...tools(() => 'of another conversation', true) });
    await play(() => client.approveToolCall('s', id));
    await play(() => Promise.resolve());
    expect(port.last('generate').append).toMatchObject([{ role: 'tool', content: 'newest' }]);
  });

  test('a stop that comes too late for the answer carries out nothing that it calls', async () => {
    const execute = jest.fn(() => 1);
    const { result, port, play } = await open(undefined, { ...chat, ...tools(execute) });
    await act(() => void result.current.send('When?'));
    await play(() => {
      const turn = beginTurn(port);
      turn.call('now', {});
      result.current.stop().catch(() => undefined);
      turn.finish();
    });
    await play(() => Promise.resolve());
    expect(result.current.pendingToolCalls).toEqual([]);
    expect(execute).not.toHaveBeenCalled();
    expect(port.sentOf('generate')).toHaveLength(1);
  });

  test('calls of the last answer stay unanswered, and the chat is ready for the next message', async () => {
    const execute = jest.fn();
    const { result, port, play } = await open(undefined, { ...chat, ...tools(execute), maxSteps: 1 });
    await act(() => void result.current.send('When?'));
    const turn = await play(beginTurn);
    await act(async () => {
      turn.call('now', {});
      turn.finish();
      await Promise.resolve();
    });
    expect(result.current).toMatchObject({ status: 'ready', pendingToolCalls: [{ name: 'now', state: 'unanswered' }] });
    await act(() => void result.current.send('Never mind'));
    expect(result.current.pendingToolCalls).toEqual([]);
    expect(port.last('generate').append).toEqual([{ role: 'user', content: 'Never mind' }]);
    expect(execute).not.toHaveBeenCalled();
  });
});
