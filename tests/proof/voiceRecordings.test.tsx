// The bug that this library exists for: two voice recordings, with the screen unmounted in between. The old pattern
// loads and prefills again; ours does neither, and is ready in its first render.
import { act, render } from '@testing-library/react-native';

import type { OldChat } from '../../fixtures/old-pattern/useLlamaVercelChat';
import type { UseLlamaChat } from '../../src';
import { installNodePort } from '../../src/testing';
import { isReady, say, screens } from './Chat';
import { freeOldContexts, oldScreens, openOldApp } from './OldScreen';
import { Seen } from './Seen';
import { myName, tiny, tinyState, whoAmI } from './tiny';
import { until } from './until';

const engine = installNodePort();
afterEach(freeOldContexts);

test('the old pattern loads and prefills everything again after the recording', async () => {
  const { native, runtime, settle, open } = openOldApp();
  const { seen, ui } = await open();
  await settle();
  expect(await act(() => seen.last.processMessage(myName.asks))).toBe(myName.gets);

  await ui.rerender(oldScreens());
  await settle();
  const again = new Seen<OldChat>();
  await ui.rerender(oldScreens({ runtime, seen: again }));
  expect(again.renders[0]?.isReady).toBe(false);
  await settle();
  expect(await act(() => again.last.processMessage(whoAmI.asks))).toBe(whoAmI.gets);

  expect(native.contexts).toHaveLength(2);
  const usage = native.contexts[1]?.usages[0];
  expect(usage).toMatchObject({ cachedTokens: 0, prefilledTokens: usage?.promptTokens });
});

test('the old pattern finds the context missing after a transcription and initializes again', async () => {
  const lines: string[] = [];
  const { native, runtime, settle, open } = openOldApp({ log: (line) => lines.push(line) });
  const { seen, ui } = await open();
  await settle();
  await act(() => seen.last.processMessage(myName.asks));

  // The next screen mounts before the release has finished, so it relies on a context that is about to go.
  await ui.rerender(oldScreens());
  const again = new Seen<OldChat>();
  await ui.rerender(oldScreens({ runtime, seen: again }));
  await settle();
  lines.length = 0;
  await act(() => again.last.processMessage(whoAmI.asks));
  expect(lines.slice(0, 2)).toEqual(['[ModelManager] Getting context: false', '[Initialize] Starting']);
  expect(native.contexts).toHaveLength(2);
});

test('ours loads nothing, prefills nothing again, and is ready in its first render', async () => {
  const [stays, leaves] = [new Seen<UseLlamaChat>(), new Seen<UseLlamaChat>()];
  const neverLeft = { debugLabel: 'Kept', scope: 'kept', seen: stays };
  const recorder = { debugLabel: 'Recorder', scope: 'voice' };
  const ui = await render(screens(engine.client, neverLeft, { ...recorder, seen: leaves }));
  await leaves.until(isReady);
  await (
    await say(stays, myName.asks)
  ).result;
  await (
    await say(leaves, myName.asks)
  ).result;

  await ui.rerender(screens(engine.client, neverLeft));
  const back = new Seen<UseLlamaChat>();
  await ui.rerender(screens(engine.client, neverLeft, { ...recorder, seen: back }));
  expect(back.renders[0]).toMatchObject({
    status: 'ready',
    model: { status: 'ready' },
    messages: [{ content: myName.asks }, { content: myName.gets }],
  });
  const { text, usage } = await (await say(back, whoAmI.asks)).result;
  expect(text).toBe(whoAmI.gets);
  expect(usage.cachedTokens).toBeGreaterThan(0);
  // The turn prefills the tokens of the new message and no others, like a conversation whose screen never unmounted.
  expect(usage).toEqual((await (await say(stays, whoAmI.asks)).result).usage);
  expect(tinyState(engine.client)?.loads).toBe(1);
});

test('ours keeps the model for a screen that is alone and away', async () => {
  const seen = new Seen<UseLlamaChat>();
  const recorder = { debugLabel: 'Recorder', scope: 'alone' };
  const ui = await render(screens(engine.client, { ...recorder, seen }));
  await seen.until(isReady);
  await (
    await say(seen, myName.asks)
  ).result;
  await ui.rerender(screens(engine.client));
  await until(engine.client.model(tiny.path), (model) => model?.status.type === 'idle');

  const back = new Seen<UseLlamaChat>();
  await ui.rerender(screens(engine.client, { ...recorder, seen: back }));
  expect(back.renders[0]).toMatchObject({ status: 'ready', model: { status: 'ready' } });
  expect((await (await say(back, whoAmI.asks)).result).text).toBe(whoAmI.gets);
  expect(tinyState(engine.client)?.loads).toBe(1);
});
