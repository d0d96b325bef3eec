// A component's life does not affect a model or a conversation, on the real engine.
import { act, render } from '@testing-library/react-native';
import { Activity, StrictMode } from 'react';

import {
  type GenerationState,
  type LifecycleRecord,
  LlamaProvider,
  useLlama,
  type UseLlama,
  type UseLlamaChat,
} from '../../src';
import { installNodePort } from '../../src/testing';
import { Chat, isReady, say, screens } from './Chat';
import { holdAnswer, holdNextAnswer } from './holdAnswer';
import { Seen } from './Seen';
import { endless, myName, tiny, tinyState, whoAmI } from './tiny';
import { until } from './until';

const engine = installNodePort();
const loads = () => tinyState(engine.client)?.loads ?? 0;
const debugLabels = () => (tinyState(engine.client)?.leases ?? []).map(({ debugLabel }) => debugLabel);
const longerThan = (length: number) => (state: GenerationState) => state.text.length > length;

/** Mounts a chat and waits until it is ready. */
async function openChat(scope: string) {
  const seen = new Seen<UseLlamaChat>();
  const app = await render(screens(engine.client, { seen, scope }));
  await seen.until(isReady);
  const leave = () => app.rerender(screens(engine.client));
  const comeBack = async () => {
    const again = new Seen<UseLlamaChat>();
    await app.rerender(screens(engine.client, { seen: again, scope }));
    return again;
  };
  return { app, seen, leave, comeBack };
}

afterEach(async () => {
  await engine.client.resume();
  await engine.client.unload(tiny.path);
});

test('StrictMode mounts twice, loads once and holds one lease', async () => {
  const before = loads();
  const seen = new Seen<UseLlamaChat>();
  await render(
    <StrictMode>
      <LlamaProvider client={engine.client}>
        <Chat seen={seen} scope="strict" />
      </LlamaProvider>
    </StrictMode>,
  );
  await seen.until(isReady);
  expect((await (await say(seen, myName.asks)).result).text).toBe(myName.gets);
  await until(engine.client.model(tiny.path), (model) => model?.leases.length === 1);
  expect(debugLabels()).toEqual(['Chat']);
  expect(loads() - before).toBe(1);
});

test('a screen hidden by Activity and shown again loads nothing and keeps its running answer', async () => {
  const before = loads();
  const seen = new Seen<UseLlamaChat>();
  const screen = (mode: 'visible' | 'hidden') => (
    <LlamaProvider client={engine.client}>
      <Activity mode={mode}>
        <Chat seen={seen} scope="activity" />
      </Activity>
    </LlamaProvider>
  );
  const app = await render(screen('visible'));
  await seen.until(isReady);
  const answer = await say(seen, 'hello', endless);
  await holdAnswer(engine.client, answer);
  await app.rerender(screen('hidden'));
  await until(
    engine.client.model(tiny.path),
    (model) => model?.leases.every(({ debugLabel }) => debugLabel !== 'Chat') === true,
  );
  const whenHidden = answer.getSnapshot().text;
  await engine.client.resume();
  await holdAnswer(engine.client, answer, longerThan(whenHidden.length));

  const from = seen.renders.length;
  await app.rerender(screen('visible'));
  await seen.until(({ messages }) => messages.at(-1)?.content.startsWith(whenHidden) === true, from);
  await act(() => seen.last.stop());
  expect(seen.last.messages.at(-1)?.content).toBe((await answer.result).text);
  expect(loads() - before).toBe(1);
});

test('a screen hidden while its model loads is ready when it is shown', async () => {
  const seen = new Seen<UseLlamaChat>();
  const screen = (mode: 'visible' | 'hidden') => (
    <LlamaProvider client={engine.client}>
      <Activity mode={mode}>
        <Chat seen={seen} scope="activity" />
      </Activity>
    </LlamaProvider>
  );
  const app = await render(screen('visible'));
  await app.rerender(screen('hidden'));
  await until(engine.client.model(tiny.path), (model) => model?.status.type === 'idle');
  await app.rerender(screen('visible'));
  await until(engine.client.model(tiny.path), (model) => model?.status.type === 'ready');
  expect(seen.last).toMatchObject({ status: 'ready', error: undefined, model: { status: 'ready' } });
});

test('a remount in one commit, as by Fast Refresh, costs nothing even when keepAliveMs is 0', async () => {
  const model = { ...tiny, keepAliveMs: 0 };
  const before = loads();
  const edited = (edit: number, seen: Seen<UseLlamaChat>) =>
    screens(engine.client, { edit, seen, scope: 'refresh', model });
  let seen = new Seen<UseLlamaChat>();
  const app = await render(edited(1, seen));
  await seen.until(isReady);
  await (
    await say(seen, myName.asks)
  ).result;
  for (const edit of [2, 3, 4]) {
    seen = new Seen();
    await app.rerender(edited(edit, seen));
    expect(seen.renders[0]).toMatchObject({ status: 'ready', model: { status: 'ready' } });
  }
  const { text, usage } = await (await say(seen, whoAmI.asks)).result;
  expect(text).toBe(whoAmI.gets);
  expect(usage.cachedTokens).toBeGreaterThan(0);
  expect(loads() - before).toBe(1);
});

test('unmounted while loading, with a keep-alive: who comes back finds the load done', async () => {
  const before = loads();
  const app = await render(screens(engine.client, { seen: new Seen() }));
  await app.rerender(screens(engine.client));
  await until(engine.client.model(tiny.path), (model) => model?.status.type === 'idle');
  const again = new Seen<UseLlamaChat>();
  await app.rerender(screens(engine.client, { seen: again }));
  expect(again.renders[0]?.model.status).toBe('ready');
  expect(loads() - before).toBe(1);
});

test('unmounted while loading, without a keep-alive: the load ends and nothing stays', async () => {
  const from = engine.client.log.getSnapshot().length;
  const app = await render(screens(engine.client, { seen: new Seen(), model: { ...tiny, keepAliveMs: 0 } }));
  await app.rerender(screens(engine.client));
  const isUnloaded = (records: readonly LifecycleRecord[]) =>
    records.slice(from).some(({ event }) => event.type === 'unloaded');
  await until(engine.client.log, isUnloaded);
  expect(tinyState(engine.client)).toMatchObject({ status: { type: 'unloaded' }, leases: [] });
});

test('unmounted while generating, the answer is finished, and then the model is unloaded', async () => {
  const seen = new Seen<UseLlamaChat>();
  const app = await render(screens(engine.client, { seen, scope: 'left', model: { ...tiny, keepAliveMs: 0 } }));
  await seen.until(isReady);
  const held = holdNextAnswer(engine.client);
  const answer = await say(seen, 'hello', { ...endless, maxOutputTokens: 400 });
  await held;
  await app.rerender(screens(engine.client));
  await engine.client.resume();
  const { reason, text, usage } = await answer.result;
  expect({ reason, outputTokens: usage.outputTokens }).toEqual({ reason: 'length', outputTokens: 400 });
  expect((await engine.client.transcript('left')).at(-1)).toEqual({ role: 'assistant', content: text });
  await until(engine.client.model(tiny.path), (model) => model?.status.type === 'unloaded');
  expect(debugLabels()).toEqual([]);
});

test('two components on one scope show one conversation and one running answer', async () => {
  const [first, second] = [new Seen<UseLlamaChat>(), new Seen<UseLlamaChat>()];
  const shared = (debugLabel: string, seen: Seen<UseLlamaChat>) => ({ debugLabel, seen, scope: 'shared' });
  const app = await render(screens(engine.client, shared('First', first), shared('Second', second)));
  await first.until(isReady);
  const answer = await say(first, 'hello', endless);
  await holdAnswer(engine.client, answer);
  await second.until(({ status }) => status === 'streaming');
  expect(second.last.messages).toEqual(first.last.messages);

  await app.rerender(screens(engine.client, shared('Second', second)));
  await engine.client.resume();
  await holdAnswer(engine.client, answer, longerThan(answer.getSnapshot().text.length));
  await act(() => second.last.stop());
  expect(second.last.messages.map(({ content }) => content)).toEqual(['hello', (await answer.result).text]);
  expect(debugLabels()).toEqual(['Second']);
});

test('a stream goes on while its screen is away, and nothing of it is lost', async () => {
  const { seen, leave, comeBack } = await openChat('stream');
  const answer = await say(seen, 'hello', endless);
  const pieces: string[] = [];
  const reading = (async () => {
    for await (const piece of answer) pieces.push(piece);
  })();
  await holdAnswer(engine.client, answer);
  await leave();
  const whenLeft = answer.getSnapshot().text;
  await engine.client.resume();
  await holdAnswer(engine.client, answer, longerThan(whenLeft.length + 50));

  const back = await comeBack();
  const first = back.renders[0];
  expect(first?.status).toBe('streaming');
  const shown = first?.messages.at(-1)?.content ?? '';
  expect(shown.length).toBeGreaterThan(whenLeft.length + 50);
  expect(shown.startsWith(whenLeft)).toBe(true);

  await act(() => back.last.stop());
  await reading;
  const { text, reason } = await answer.result;
  expect(reason).toBe('cancelled');
  expect(pieces.join('')).toBe(text);
  expect(back.last.messages).toEqual([
    { role: 'user', content: 'hello' },
    { role: 'assistant', content: text },
  ]);
});

test('a hundred hooks on one model cost one load', async () => {
  const before = loads();
  const seen = Array.from({ length: 100 }, () => new Seen<UseLlama>());
  function User({ index }: { index: number }) {
    const model = useLlama({ ...tiny, debugLabel: `User ${index}` });
    seen[index]?.note(model);
    return null;
  }
  const app = await render(
    <LlamaProvider client={engine.client}>
      {seen.map((_, index) => (
        <User key={index} index={index} />
      ))}
    </LlamaProvider>,
  );
  await Promise.all(seen.map((one) => one.until(({ status }) => status === 'ready')));
  await until(engine.client.model(tiny.path), (model) => model?.leases.length === 100);
  expect(loads() - before).toBe(1);
  await app.rerender(screens(engine.client));
  await until(engine.client.model(tiny.path), (model) => model?.leases.length === 0);
  expect(tinyState(engine.client)?.status.type).toBe('idle');
});
