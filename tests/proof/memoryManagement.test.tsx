// The fourth potential issue of the old pattern: memory. Each point happens there, and not in ours.
import { act, render } from '@testing-library/react-native';

import type { OldChat } from '../../fixtures/old-pattern/useLlamaVercelChat';
import type { UseLlamaChat } from '../../src';
import { installNodePort } from '../../src/testing';
import { isReady, say, screens } from './Chat';
import { holdNextAnswer } from './holdAnswer';
import { begin, freeOldContexts, oldScreens, openOldApp } from './OldScreen';
import { Seen } from './Seen';
import { endless, tiny, tinyState, unloadTiny } from './tiny';
import { until } from './until';

const engine = installNodePort();
const loads = () => tinyState(engine.client)?.loads ?? 0;

afterEach(freeOldContexts);
afterEach(async () => {
  await engine.client.resume();
  await unloadTiny(engine.client);
});

describe('Memory Management', () => {
  describe('Context not properly released', () => {
    test('in the old pattern a message that had to load again keeps its context after the unmount', async () => {
      const { native, runtime, settle, open } = openOldApp();
      const { seen, ui } = await open();
      await settle();
      await act(() => runtime.manager.releaseIfIdle(0));
      const answer = await begin(() => seen.last.processMessage('hello'));
      await ui.rerender(oldScreens());
      await act(() => answer.end);
      expect(native.alive).toHaveLength(1);
    });

    test('with ours the question has a lease of its own, given back with the answer', async () => {
      const model = { ...tiny, keepAliveMs: 0 };
      const seen = new Seen<UseLlamaChat>();
      const ui = await render(screens(engine.client, { seen, scope: 'question', model }));
      const held = holdNextAnswer(engine.client);
      const answer = await say(seen, 'hello', { ...endless, maxOutputTokens: 400 });
      await held;
      await ui.rerender(screens(engine.client));
      await engine.client.resume();
      expect(await answer.result).toMatchObject({ reason: 'length' });
      await until(engine.client.model(tiny.path), (state) => state?.status.type === 'unloaded');
      expect(tinyState(engine.client)?.leases).toEqual([]);
    });
  });

  describe('Memory leaks from unreleased contexts', () => {
    test('in the old pattern each hurried visit leaves a context behind', async () => {
      const { native, runtime, settle } = openOldApp();
      const ui = await render(oldScreens());
      for (const name of ['first visit', 'second visit', 'third visit']) {
        await ui.rerender(oldScreens({ runtime, seen: new Seen(), name }));
        await ui.rerender(oldScreens());
      }
      await settle();
      expect(native.alive).toHaveLength(3);
    });

    test('with ours hurried visits share one load and leave no lease', async () => {
      const before = loads();
      const ui = await render(screens(engine.client));
      for (const debugLabel of ['First visit', 'Second visit', 'Third visit']) {
        await ui.rerender(screens(engine.client, { seen: new Seen(), debugLabel }));
        await ui.rerender(screens(engine.client));
      }
      await until(engine.client.model(tiny.path), (state) => state?.status.type === 'idle');
      expect(tinyState(engine.client)?.leases).toEqual([]);
      expect(loads() - before).toBe(1);
    });
  });

  describe('Multiple contexts created accidentally', () => {
    test('in the old pattern an edit of the component while it loads makes a second context', async () => {
      const { native, runtime, settle } = openOldApp();
      const edited = (name: string) => oldScreens({ runtime, seen: new Seen<OldChat>(), name });
      const ui = await render(edited('before the edit'));
      await ui.rerender(edited('after the edit'));
      await settle();
      expect(native.alive).toHaveLength(2);
    });

    test('with ours there is one model, whatever is mounted how often', async () => {
      const before = loads();
      const edited = (edit: number, seen: Seen<UseLlamaChat>) => screens(engine.client, { edit, seen });
      const ui = await render(edited(1, new Seen()));
      const seen = new Seen<UseLlamaChat>();
      await ui.rerender(edited(2, seen));
      await seen.until(isReady);
      expect(engine.client.models.getSnapshot()).toHaveLength(1);
      expect(loads() - before).toBe(1);
    });
  });
});
