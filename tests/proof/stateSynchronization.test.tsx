// The second potential issue of the old pattern: several places that hold the truth. Each point happens there, and not
// in ours.
import { act, render } from '@testing-library/react-native';

import type { OldChat } from '../../fixtures/old-pattern/useLlamaVercelChat';
import type { ModelState, UseLlamaChat } from '../../src';
import { installNodePort } from '../../src/testing';
import { isReady, say, screens } from './Chat';
import { freeOldContexts, oldScreens, openOldApp } from './OldScreen';
import { Seen } from './Seen';
import { myName, tiny, tinyState, unloadTiny, whoAmI } from './tiny';

// The process's manager, as in an app, so that a JavaScript reload finds it again.
const engine = installNodePort({ manager: 'global' });

afterEach(freeOldContexts);
beforeEach(() => unloadTiny(engine.client));

describe('State Synchronization', () => {
  describe('ModelStore and ModelManager might get out of sync', () => {
    test('the old pattern shows a context that its manager has released', async () => {
      const { runtime, settle, open } = openOldApp();
      const { seen, ui } = await open();
      await settle();
      await act(() => runtime.manager.releaseIfIdle(0));
      expect([runtime.store.isModelReady, runtime.manager.getContext()]).toEqual([true, null]);

      await ui.rerender(oldScreens({ runtime, seen }));
      expect(seen.last.isReady).toBe(true);
    });

    test('ours has one truth: every view of a model is the same object, at every change', async () => {
      const views: (readonly [ModelState | undefined, ModelState | undefined])[] = [];
      const look = () => {
        const { models } = engine.client;
        views.push([models.getSnapshot().find(({ path }) => path === tiny.path), tinyState(engine.client)]);
      };
      const ends = [engine.client.models.subscribe(look), engine.client.model(tiny.path).subscribe(look)];
      const seen = new Seen<UseLlamaChat>();
      await render(screens(engine.client, { seen }));
      await seen.until(isReady);
      await engine.client.unload(tiny.path);
      ends.forEach((end) => end());
      expect(views.map(([, model]) => model?.status.type)).toEqual(
        expect.arrayContaining(['loading', 'ready', 'unloaded']),
      );
      for (const [listed, own] of views) expect(listed).toBe(own);
      expect(seen.last.model.status).toBe('unloaded');
    });
  });

  describe('Context reference could be lost between components', () => {
    test('in the old pattern a reference held by one component dies with another', async () => {
      const { runtime, settle, open } = openOldApp();
      const { ui } = await open();
      await settle();
      const held = runtime.manager.getContext();
      await ui.rerender(oldScreens());
      await settle();
      await expect(held?.completion([{ role: 'user', content: myName.asks }], () => undefined)).rejects.toThrow(
        'Context not found',
      );
    });

    test('with ours a component holds a name, which works whoever comes, goes or unloads', async () => {
      const seen = new Seen<UseLlamaChat>();
      const ui = await render(
        screens(
          engine.client,
          { seen, scope: 'held', debugLabel: 'Holder' },
          { seen: new Seen(), debugLabel: 'Other' },
        ),
      );
      await seen.until(isReady);
      const held = seen.last;
      await (
        await say(seen, myName.asks)
      ).result;
      await ui.rerender(screens(engine.client, { seen, scope: 'held', debugLabel: 'Holder' }));
      await engine.client.unload(tiny.path);
      const answer = await act(() => held.send(whoAmI.asks));
      expect((await answer.result).text).toBe(whoAmI.gets);
    });
  });

  describe("Volatile state in ModelStore doesn't persist", () => {
    test('after a JS reload the old pattern believes in a context that is gone, and loads a second one', async () => {
      const { native, runtime, settle, open } = openOldApp();
      const { ui } = await open();
      await settle();
      const saved = runtime.store.save();
      // A reload ends the runtime without running a single cleanup.
      const reloaded = openOldApp({ native, saved });
      expect([reloaded.runtime.store.isModelReady, reloaded.runtime.store._context]).toEqual([true, null]);

      const seen = new Seen<OldChat>();
      await render(oldScreens({ runtime: reloaded.runtime, seen }));
      await reloaded.settle();
      expect(native.alive).toHaveLength(2);
      await ui.unmount();
    });

    test('ours holds nothing in JavaScript that a reload could lose', async () => {
      const seen = new Seen<UseLlamaChat>();
      const ui = await render(screens(engine.client, { seen, scope: 'volatile' }));
      await seen.until(isReady);
      await (
        await say(seen, myName.asks)
      ).result;
      const loads = tinyState(engine.client)?.loads;
      await act(() => engine.reload());
      await ui.unmount();

      const after = new Seen<UseLlamaChat>();
      await render(screens(engine.client, { seen: after, scope: 'volatile' }));
      expect(after.renders[0]?.model.status).toBe('ready');
      await after.until(isReady);
      expect((await (await say(after, whoAmI.asks)).result).text).toBe(whoAmI.gets);
      expect(tinyState(engine.client)?.loads).toBe(loads);
    });
  });
});
