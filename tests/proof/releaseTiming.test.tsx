// The first potential issue of the old pattern: when the context is released. Each point happens there, and not in
// ours.
import { act, render } from '@testing-library/react-native';

import type { OldChat } from '../../fixtures/old-pattern/useLlamaVercelChat';
import type { UseLlamaChat } from '../../src';
import { installNodePort } from '../../src/testing';
import { isReady, say, screens } from './Chat';
import { holdNextAnswer } from './holdAnswer';
import { begin, freeOldContexts, oldScreens, openOldApp } from './OldScreen';
import { Seen } from './Seen';
import { endless, myName, tiny, tinyState, unloadTiny } from './tiny';
import { until } from './until';

const engine = installNodePort();
const loads = () => tinyState(engine.client)?.loads ?? 0;
const twoSeen = () => [new Seen<UseLlamaChat>(), new Seen<UseLlamaChat>()] as const;

afterEach(freeOldContexts);
afterEach(async () => {
  await engine.client.resume();
  await unloadTiny(engine.client);
});

describe('Context Release Timing', () => {
  describe('Context might be released too aggressively', () => {
    test('the old pattern releases it whenever a screen is left, and loads it again', async () => {
      const { native, runtime, settle, open } = openOldApp();
      const { ui } = await open();
      for (const visit of [2, 3]) {
        await settle();
        await ui.rerender(oldScreens());
        await settle();
        expect(native.alive).toHaveLength(0);
        await ui.rerender(oldScreens({ runtime, seen: new Seen() }));
        expect(native.contexts).toHaveLength(visit);
      }
    });

    test('ours stays loaded while screens come and go', async () => {
      const before = loads();
      const ui = await render(screens(engine.client));
      for (const debugLabel of ['First visit', 'Second visit', 'Third visit']) {
        const seen = new Seen<UseLlamaChat>();
        await ui.rerender(screens(engine.client, { seen, debugLabel }));
        await seen.until(isReady);
        await ui.rerender(screens(engine.client));
        await until(engine.client.model(tiny.path), (model) => model?.status.type === 'idle');
      }
      expect(loads() - before).toBe(1);
    });
  });

  describe('Multiple components requesting release', () => {
    test('the old pattern takes the context away from a screen that is answering', async () => {
      const { native, runtime, settle } = openOldApp({ sampling: endless });
      const [first, second] = [new Seen<OldChat>(), new Seen<OldChat>()];
      const ui = await render(oldScreens({ runtime, seen: first, name: 'first' }));
      await settle();
      await ui.rerender(oldScreens({ runtime, seen: first, name: 'first' }, { runtime, seen: second, name: 'second' }));
      expect(native.contexts).toHaveLength(1);

      const answer = await begin(() => second.last.processMessage('hello'));
      await ui.rerender(oldScreens({ runtime, seen: second, name: 'second' }));
      expect(await act(() => answer.end)).toMatchObject({ code: 'modelUnloaded' });
    });

    test('the old pattern releases one context twice when two screens leave', async () => {
      const { runtime, settle } = openOldApp();
      const ui = await render(oldScreens({ runtime, seen: new Seen(), name: 'first' }));
      await settle();
      const both = [
        { runtime, seen: new Seen<OldChat>(), name: 'first' },
        { runtime, seen: new Seen<OldChat>(), name: 'second' },
      ];
      await ui.rerender(oldScreens(...both));
      await ui.rerender(oldScreens());
      await settle();
      expect(runtime.store.error).toBe('Error: Context not found');
    });

    test('with ours a screen that leaves gives back its own lease and no other', async () => {
      const [first, second] = twoSeen();
      const staying = { seen: second, scope: 'staying', debugLabel: 'Second' };
      const ui = await render(screens(engine.client, { seen: first, debugLabel: 'First' }, staying));
      await second.until(isReady);
      const held = holdNextAnswer(engine.client);
      const answer = await say(second, 'hello', { ...endless, maxOutputTokens: 400 });
      await held;
      await ui.rerender(screens(engine.client, staying));
      await engine.client.resume();
      expect(await answer.result).toMatchObject({ reason: 'length' });
      await until(engine.client.model(tiny.path), (model) => model?.leases.length === 1);
      expect(tinyState(engine.client)).toMatchObject({ status: { type: 'ready' }, leases: [{ debugLabel: 'Second' }] });
    });
  });

  describe('Cleanup on unmount vs cleanup on timeout', () => {
    test('the old pattern has both, and the second finds the context gone but the store full of it', async () => {
      const { runtime, settle, open } = openOldApp();
      const { ui } = await open();
      await settle();
      const timeout = runtime.manager.releaseIfIdle(0);
      await ui.rerender(oldScreens());
      await act(() => timeout);
      expect(runtime.store.error).toBe('Error: Context not found');
      expect([runtime.store.isModelReady, runtime.manager.getContext()]).toEqual([true, null]);
    });

    test('ours has one: the keep-alive begins at the last release and ends at the next lease', async () => {
      const model = { ...tiny, keepAliveMs: 1 };
      const seen = new Seen<UseLlamaChat>();
      const ui = await render(screens(engine.client, { seen, model }));
      await seen.until(isReady);
      await ui.rerender(screens(engine.client));
      const records = await until(engine.client.log, (all) => all.at(-1)?.event.type === 'unloaded');
      const events = records.map(({ event }) => event.type);
      expect(events.slice(-5)).toEqual(['unmounted', 'released', 'idle', 'unloading', 'unloaded']);
      expect(records.at(-2)?.reason).toContain('keep-alive');

      const back = new Seen<UseLlamaChat>();
      await ui.rerender(screens(engine.client, { seen: back, model }));
      await back.until(isReady);
      expect((await (await say(back, myName.asks)).result).text).toBe(myName.gets);
    });
  });
});
