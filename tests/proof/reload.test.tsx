// A JavaScript reload drops client and port; models and conversations stay. On the real engine, in the process's
// manager.
import { act, render } from '@testing-library/react-native';

import type { UseLlamaChat } from '../../src';
import { installNodePort } from '../../src/testing';
import { isReady, say, screens } from './Chat';
import { holdAnswer } from './holdAnswer';
import { Seen } from './Seen';
import { endless, myName, tiny, tinyState, whoAmI } from './tiny';
import { until } from './until';

const engine = installNodePort({ manager: 'global' });
const model = { ...tiny, keepAliveMs: null };

async function openApp(scope: string) {
  const seen = new Seen<UseLlamaChat>();
  const app = await render(screens(engine.client, { seen, scope, model }));
  return { app, seen };
}

// The process's manager outlives this file, and other files of the same jest worker may use it.
afterEach(async () => {
  await engine.client.resume();
  await engine.client.unload(tiny.path);
});

test('after a JS reload the first render is ready, and nothing is loaded or prefilled again', async () => {
  const before = await openApp('reloaded');
  await before.seen.until(isReady);
  await (
    await say(before.seen, myName.asks)
  ).result;
  const transcript = await engine.client.transcript('reloaded');
  const { summary } = await until(engine.client.scope('reloaded'), (scope) => scope.summary?.cachedTokens !== 0);
  const loads = tinyState(engine.client)?.loads;
  await before.app.unmount();
  await act(() => engine.reload());

  const after = await openApp('reloaded');
  expect(after.seen.renders[0]?.model.status).toBe('ready');
  await after.seen.until(({ status }) => status === 'ready');
  expect(after.seen.last.messages).toEqual(transcript);
  const { text, usage } = await (await say(after.seen, whoAmI.asks)).result;
  expect(text).toBe(whoAmI.gets);
  expect(usage.cachedTokens).toBe(summary?.cachedTokens);
  expect(tinyState(engine.client)?.loads).toBe(loads);
});

test('an answer that runs during a JS reload goes on, and the new client shows all of it', async () => {
  const before = await openApp('running');
  await before.seen.until(isReady);
  const answer = await say(before.seen, 'hello', endless);
  await holdAnswer(engine.client, answer);
  const whenDropped = answer.getSnapshot().text;
  await act(() => engine.reload());
  await expect(answer.result).rejects.toMatchObject({ code: 'closed' });

  const after = await openApp('running');
  expect(after.seen.renders[0]).toMatchObject({ status: 'streaming', model: { status: 'ready' } });
  const again = engine.client.generation(answer.id);
  if (again === undefined) throw new Error('the new client does not know the running generation');
  const pieces: string[] = [];
  const reading = (async () => {
    for await (const piece of again) pieces.push(piece);
  })();
  await engine.client.resume();
  await holdAnswer(engine.client, again, ({ text }) => text.length > whenDropped.length + 50);
  await act(() => after.seen.last.stop());
  await reading;
  const { text } = await again.result;
  expect(text.startsWith(whenDropped)).toBe(true);
  expect(pieces.join('')).toBe(text);
  expect(await engine.client.replay(answer.id, whenDropped.length)).toBe(text.slice(whenDropped.length));
  expect(after.seen.last.messages).toEqual([
    { role: 'user', content: 'hello' },
    { role: 'assistant', content: text },
  ]);
});
