import { act, render, renderHook } from '@testing-library/react-native';
import { jsonSchema, tool, type UIMessage } from 'ai';
import { StrictMode } from 'react';

import { harness } from '../../react/__tests__/harness';
import { beginTurn, modelInfo, modelState, scopeSummary, type ScriptedPort, type ScriptedTurn } from '../../testing';
import { useLlamaVercelChat, type UseLlamaVercelChat } from '..';
import { turns } from './harness';

const options = { model: 'a', scope: 'chat' };

/** Runs the streams, and renders their results. */
const settle = () => act(() => turns());

const textOf = ({ parts }: UIMessage) => parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
const shown = ({ messages }: UseLlamaVercelChat) => messages.map((message) => `${message.role}: ${textOf(message)}`);

async function say(chat: UseLlamaVercelChat, text: string): Promise<void> {
  await act(async () => {
    void chat.sendMessage({ text });
    await turns();
  });
}

/** Starts a turn in which each step is rendered before the next. */
async function begin(
  port: ScriptedPort,
  before: Parameters<typeof beginTurn>[1] = [],
): Promise<{
  say: (text: string) => Promise<void>;
  finish: (change?: Parameters<ScriptedTurn['finish']>[0]) => Promise<void>;
}> {
  let turn: ScriptedTurn | undefined;
  const step = (run: (turn: ScriptedTurn) => void) =>
    act(async () => {
      if (turn !== undefined) run(turn);
      await turns();
    });
  await act(async () => {
    turn = beginTurn(port, before);
    await turns();
  });
  return { say: (text) => step((one) => one.say(text)), finish: (change) => step((one) => one.finish(change)) };
}

test('a question and its answer are shown as they come', async () => {
  const { port, wrapper } = harness();
  const { result } = await renderHook(() => useLlamaVercelChat({ ...options, system: 'Be brief.' }), { wrapper });
  expect(result.current).toMatchObject({ messages: [], inferencing: false, isInitializing: true, error: undefined });
  await say(result.current, 'Hi');
  expect(result.current.inferencing).toBe(true);
  expect(port.last('generate')).toMatchObject({
    scope: 'chat',
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
    ],
  });
  const turn = await begin(port);
  await turn.say('Hel');
  expect(shown(result.current)).toEqual(['user: Hi', 'assistant: Hel']);
  const [question] = result.current.messages;
  await turn.say('lo');
  await turn.finish();
  expect(shown(result.current)).toEqual(['user: Hi', 'assistant: Hello']);
  expect(result.current.messages[0]).toBe(question);
  expect(result.current).toMatchObject({ inferencing: false, error: undefined });
});

test('initializing is loading the model and reading the conversation, each until it is over', async () => {
  const { port, wrapper, play } = harness({ scopes: [scopeSummary('chat', { messageCount: 1 })] });
  const { result } = await renderHook(() => useLlamaVercelChat(options), { wrapper });
  const isInitializing: boolean[] = [result.current.isInitializing];
  const model = (status: Parameters<typeof modelState>[1]) =>
    play(() => {
      port.emit({ type: 'modelChanged', model: modelState('a', status, ['x']) });
    }).then(() => isInitializing.push(result.current.isInitializing));
  await model({ type: 'loading', progress: 0.5 });
  await model({ type: 'ready', info: modelInfo });
  await play(() =>
    port.emit({
      type: 'transcript',
      requestId: port.last('getTranscript').requestId,
      scope: 'chat',
      revision: 1,
      messages: [{ role: 'user', content: 'Hi' }],
    }),
  );
  isInitializing.push(result.current.isInitializing);
  await model({ type: 'unloaded' });
  expect(isInitializing).toEqual([true, true, true, false, false]);
  expect(shown(result.current)).toEqual(['user: Hi']);
});

test('unmounting neither ends nor loses the answer, and a remount shows it where it is', async () => {
  const { port, wrapper } = harness();
  const first = await renderHook(() => useLlamaVercelChat(options), { wrapper });
  await say(first.result.current, 'Hi');
  const turn = await begin(port);
  await turn.say('One ');
  await first.unmount();
  await turn.say('two ');
  expect(port.sentOf('cancel')).toEqual([]);

  const renders: string[][] = [];
  const second = await renderHook(
    () => {
      const chat = useLlamaVercelChat(options);
      renders.push(shown(chat));
      return chat;
    },
    { wrapper },
  );
  expect(renders[0]).toEqual(['user: Hi', 'assistant: One two ']);
  expect(second.result.current.inferencing).toBe(true);
  await turn.say('three');
  await turn.finish();
  expect(shown(second.result.current)).toEqual(['user: Hi', 'assistant: One two three']);
  expect(second.result.current.inferencing).toBe(false);
  expect(port.sentOf('generate')).toHaveLength(1);
});

test('StrictMode asks once', async () => {
  const { port, wrapper: Wrapper } = harness();
  const { result } = await renderHook(() => useLlamaVercelChat(options), {
    wrapper: ({ children }) => (
      <StrictMode>
        <Wrapper>{children}</Wrapper>
      </StrictMode>
    ),
  });
  await say(result.current, 'Hi');
  const turn = await begin(port);
  await turn.say('Hello');
  await turn.finish();
  expect(shown(result.current)).toEqual(['user: Hi', 'assistant: Hello']);
  expect(port.sentOf('generate')).toHaveLength(1);
});

test('components of one conversation show one chat, and any of them stops it', async () => {
  const { port, wrapper: Wrapper } = harness();
  const seen: UseLlamaVercelChat[] = [];
  function Screen({ index }: { index: number }) {
    seen[index] = useLlamaVercelChat(options);
    return null;
  }
  await render(
    <Wrapper>
      <Screen index={0} />
      <Screen index={1} />
    </Wrapper>,
  );
  const at = (index: number): UseLlamaVercelChat => {
    const chat = seen[index];
    if (chat === undefined) throw new Error('it is mounted');
    return chat;
  };
  await say(at(0), 'Hi');
  const turn = await begin(port);
  await turn.say('Hel');
  expect(at(1).messages).toBe(at(0).messages);
  expect(shown(at(1))).toEqual(['user: Hi', 'assistant: Hel']);
  await act(() => at(1).stop());
  expect(port.sentOf('cancel')).toHaveLength(1);
  // Events that come before the engine has stopped are not followed.
  await act(async () => {
    port.emit({ type: 'scopeChanged', scope: scopeSummary('chat', { messageCount: 1, cachedTokens: 9, revision: 1 }) });
    await turns();
  });
  expect(at(0).inferencing).toBe(false);
  await turn.finish({ reason: 'cancelled' });
  expect(at(0)).toMatchObject({ inferencing: false, error: undefined });
  expect(shown(at(0))).toEqual(['user: Hi', 'assistant: Hel']);
});

test('a failure is its own error, and the next question takes it away', async () => {
  const { port, wrapper } = harness();
  const { result } = await renderHook(() => useLlamaVercelChat(options), { wrapper });
  await say(result.current, 'Hi');
  const turn = await begin(port);
  await turn.finish({ reason: 'failed', error: { code: 'engineCrashed', detail: 'the engine is gone' } });
  expect(result.current.error).toMatchObject({
    name: 'LlamaError',
    code: 'engineCrashed',
    detail: 'the engine is gone',
  });
  expect(shown(result.current)[0]).toBe('user: Hi');
  await say(result.current, 'Again');
  expect(result.current.error).toBeUndefined();
  await (await begin(port)).finish();
});

test('a model that cannot be loaded is an error too', async () => {
  const { port, wrapper, play } = harness();
  const { result } = await renderHook(() => useLlamaVercelChat(options), { wrapper });
  await play(() =>
    port.emit({
      type: 'modelChanged',
      model: modelState('a', { type: 'failed', error: { code: 'modelNotFound', detail: 'no a' } }),
    }),
  );
  expect(result.current).toMatchObject({ isInitializing: false, error: { code: 'modelNotFound' } });
});

test('the last question is answered anew', async () => {
  const { port, wrapper } = harness();
  const { result } = await renderHook(() => useLlamaVercelChat(options), { wrapper });
  await say(result.current, 'Hi');
  const turn = await begin(port);
  await turn.say('Hello');
  await turn.finish();
  await act(async () => {
    void result.current.regenerate();
    await turns();
  });
  expect(port.last('generate').messages).toEqual([{ role: 'user', content: 'Hi' }]);
  const again = await begin(port);
  await again.say('Hey');
  await again.finish();
  expect(shown(result.current)).toEqual(['user: Hi', 'assistant: Hey']);
});

const history = [
  { role: 'system' as const, content: 'Be brief.' },
  { role: 'user' as const, content: 'How warm?' },
  {
    role: 'assistant' as const,
    content: '',
    reasoning: 'Ask.',
    toolCalls: [{ id: '1', name: 'warmth', arguments: '{"at":"Paris"}' }],
  },
  { role: 'tool' as const, content: '{"celsius":21}', toolCallId: '1', toolName: 'warmth' },
  { role: 'assistant' as const, content: '21 degrees.' },
];

/** A conversation of an earlier JavaScript runtime. Its transcript is answered when it is asked for. */
async function found(world: Parameters<typeof harness>[0]) {
  const tools = harness({ scopes: [scopeSummary('chat', { messageCount: history.length, revision: 5 })], ...world });
  const { port, wrapper, play } = tools;
  const rendered = await renderHook(() => useLlamaVercelChat(options), { wrapper });
  return {
    ...tools,
    ...rendered,
    tell: (messages: typeof history | Parameters<typeof beginTurn>[1]) =>
      play(() =>
        port.emit({
          type: 'transcript',
          requestId: port.last('getTranscript').requestId,
          scope: 'chat',
          revision: 5,
          messages: [...(messages ?? [])],
        }),
      ).then(settle),
  };
}

test('a reload of JavaScript finds the conversation, with what tools said', async () => {
  const { result, tell, port } = await found({});
  await tell(history);
  expect(shown(result.current)).toEqual(['user: How warm?', 'assistant: 21 degrees.']);
  expect(result.current.messages[1]?.parts).toMatchObject([
    { type: 'step-start' },
    { type: 'reasoning', text: 'Ask.' },
    {
      type: 'dynamic-tool',
      toolName: 'warmth',
      state: 'output-available',
      input: { at: 'Paris' },
      output: { celsius: 21 },
    },
    { type: 'step-start' },
    { type: 'text', text: '21 degrees.' },
  ]);
  await say(result.current, 'Thanks');
  // The messages are the engine's own, so nothing is prefilled again.
  expect(port.last('generate').messages).toEqual([...history.slice(1), { role: 'user', content: 'Thanks' }]);
  await (await begin(port)).finish();
});

test('a change of a conversation that leaves its messages alone keeps their identity', async () => {
  const { result, tell, port, play } = await found({});
  await tell(history);
  const { messages } = result.current;
  await play(() =>
    port.emit({
      type: 'scopeChanged',
      scope: scopeSummary('chat', { messageCount: history.length, revision: 5, cachedTokens: 99 }),
    }),
  ).then(settle);
  expect(result.current.messages).toBe(messages);
});

test('a conversation that somebody has read is there in the first render', async () => {
  const { port, client, wrapper } = harness({ scopes: [scopeSummary('chat', { messageCount: 1, revision: 5 })] });
  const reading = client.transcript('chat');
  port.emit({
    type: 'transcript',
    requestId: port.last('getTranscript').requestId,
    scope: 'chat',
    revision: 5,
    messages: [{ role: 'user', content: 'Hi' }],
  });
  await reading;
  const renders: string[][] = [];
  await renderHook(() => renders.push(shown(useLlamaVercelChat(options))), { wrapper });
  expect(renders[0]).toEqual(['user: Hi']);
});

test('a reload of JavaScript finds the answer that is being written, and can stop it', async () => {
  const generation = {
    id: 'g',
    scope: 'chat',
    model: 'a',
    phase: { type: 'decoding' as const },
    text: 'Once upon',
    reasoning: '',
    toolCalls: [],
  };
  const { result, tell, port, play } = await found({ generations: [generation] });
  await tell([{ role: 'user', content: 'A story!' }]);
  expect(shown(result.current)).toEqual(['user: A story!', 'assistant: Once upon']);
  expect(result.current.inferencing).toBe(true);
  await play(() => port.emit({ type: 'textDelta', generationId: 'g', offset: 9, text: ' a time' }));
  await settle();
  expect(shown(result.current)).toEqual(['user: A story!', 'assistant: Once upon a time']);
  await act(async () => {
    void result.current.stop();
    await turns();
  });
  expect(port.last('cancel').generationId).toBe('g');
});

test('a message that other code sends is shown, and its answer as it comes', async () => {
  const { port, client, wrapper } = harness();
  const { result } = await renderHook(() => useLlamaVercelChat(options), { wrapper });
  await act(async () => {
    client.generate({ model: { path: 'a' }, scope: 'chat', append: [{ role: 'user', content: 'Hi' }] });
    await turns();
  });
  const turn = await begin(port);
  await turn.say('Hel');
  expect(shown(result.current)).toEqual(['user: Hi', 'assistant: Hel']);
  await turn.say('lo');
  await turn.finish();
  expect(shown(result.current)).toEqual(['user: Hi', 'assistant: Hello']);
  expect(result.current.inferencing).toBe(false);
});

test('a conversation that is forgotten is empty, also for whoever comes later', async () => {
  const { port, wrapper, play } = harness();
  const first = await renderHook(() => useLlamaVercelChat(options), { wrapper });
  await say(first.result.current, 'Hi');
  const turn = await begin(port);
  await turn.say('Hello');
  await turn.finish();
  await first.unmount();
  await play(() => port.emit({ type: 'scopeDeleted', scope: 'chat' }));
  const second = await renderHook(() => useLlamaVercelChat(options), { wrapper });
  expect(second.result.current.messages).toEqual([]);
});

test('a call waits for the user, and goes on with the answer', async () => {
  const { port, wrapper } = harness();
  const execute = jest.fn(() => Promise.resolve('done'));
  const tools = { erase: tool({ inputSchema: jsonSchema<object>({ type: 'object' }), execute }) };
  const { result } = await renderHook(
    () => useLlamaVercelChat({ ...options, tools, toolApproval: { erase: 'user-approval' } }),
    { wrapper },
  );
  await say(result.current, 'Erase it');
  const first = await begin(port);
  const generationId = port.last('generate').generationId;
  await act(async () => {
    port.emit({ type: 'toolCallDelta', generationId, index: 0, id: 'c', name: 'erase', offset: 0, arguments: '{}' });
    await turns();
  });
  await first.finish({ reason: 'toolCalls' });
  const part = result.current.messages.at(-1)?.parts.find(({ type }) => type === 'tool-erase');
  const approval = part !== undefined && 'approval' in part ? part.approval : undefined;
  if (approval === undefined) throw new Error('it asks');
  expect(execute).not.toHaveBeenCalled();
  await act(async () => {
    void result.current.chat.addToolApprovalResponse({ id: approval.id, approved: true });
    await turns();
    await turns();
  });
  expect(execute).toHaveBeenCalledTimes(1);
  expect(port.last('generate').messages?.at(-1)).toEqual({
    role: 'tool',
    content: 'done',
    toolCallId: 'c',
    toolName: 'erase',
  });
  const second = await begin(port);
  await second.say('Erased.');
  await second.finish();
  expect(shown(result.current)).toEqual(['user: Erase it', 'assistant: Erased.']);
});

test('whoever rendered last says how it is answered', async () => {
  const { port, wrapper } = harness();
  const { result, rerender } = await renderHook(
    ({ system }: { system: string }) => useLlamaVercelChat({ ...options, system }),
    {
      wrapper,
      initialProps: { system: 'Be brief.' },
    },
  );
  await rerender({ system: 'Be kind.' });
  await say(result.current, 'Hi');
  expect(port.last('generate').messages?.[0]).toEqual({ role: 'system', content: 'Be kind.' });
  await (await begin(port)).finish();
});

test('however often it is mounted, its conversation is followed once', async () => {
  const { client, wrapper } = harness();
  const store = client.scope('chat');
  const { subscribe } = store;
  let listeners = 0;
  jest.spyOn(store, 'subscribe').mockImplementation((listener) => {
    const end = subscribe(listener);
    listeners += 1;
    return () => {
      listeners -= 1;
      end();
    };
  });
  for (let mount = 0; mount < 3; mount += 1)
    await (await renderHook(() => useLlamaVercelChat(options), { wrapper })).unmount();
  expect(listeners).toBe(1);
});

test('another client has chats of its own', async () => {
  const left = await renderHook(() => useLlamaVercelChat(options), { wrapper: harness().wrapper });
  const right = await renderHook(() => useLlamaVercelChat(options), { wrapper: harness().wrapper });
  expect(left.result.current.chat).not.toBe(right.result.current.chat);
});
