// The third potential issue of the old pattern: initializations that meet. Each point happens there, and not in ours.
import { act, render } from '@testing-library/react-native';

import type { OldChat } from '../../fixtures/old-pattern/useLlamaVercelChat';
import type { UseLlamaChat } from '../../src';
import { installNodePort } from '../../src/testing';
import { screens } from './Chat';
import { freeOldContexts, oldScreens, openOldApp } from './OldScreen';
import { Seen } from './Seen';
import { greedy, myName, tiny, tinyState, unloadTiny } from './tiny';
import { until } from './until';

const engine = installNodePort();
const loads = () => tinyState(engine.client)?.loads ?? 0;

afterEach(freeOldContexts);
afterEach(() => unloadTiny(engine.client));

describe('Initialization Race Conditions', () => {
  describe('Multiple components requesting initialization', () => {
    test('the old pattern makes a context for each, and loses all but the last', async () => {
      const { native, runtime, settle } = openOldApp();
      const screen = (name: string) => ({ runtime, seen: new Seen<OldChat>(), name });
      const ui = await render(oldScreens(screen('first'), screen('second')));
      await settle();
      expect(native.alive).toHaveLength(2);
      await ui.rerender(oldScreens());
      await settle();
      expect(native.alive).toHaveLength(1);
      expect([runtime.store._context, runtime.manager.getContext()]).toEqual([null, null]);
    });

    test('with ours they join one load', async () => {
      const before = loads();
      const [first, second] = [new Seen<UseLlamaChat>(), new Seen<UseLlamaChat>()];
      await render(
        screens(engine.client, { seen: first, debugLabel: 'First' }, { seen: second, debugLabel: 'Second' }),
      );
      await Promise.all([first, second].map((seen) => seen.until(({ model }) => model.status === 'ready')));
      expect(loads() - before).toBe(1);
    });
  });

  describe('Concurrent initialization attempts', () => {
    test('the old pattern carries out each attempt', async () => {
      const { native, settle, open } = openOldApp();
      const { seen } = await open();
      await act(() => Promise.all([seen.last.initializeModel(), seen.last.initializeModel()]));
      await settle();
      expect(native.alive).toHaveLength(3);
    });

    test('with ours every attempt joins the first: leases and questions, before and during the load', async () => {
      const before = loads();
      const leases = ['a', 'b', 'c'].map((debugLabel) => engine.client.acquire(tiny, debugLabel));
      const answer = engine.client.generate({
        model: tiny,
        scope: 'early',
        append: [{ role: 'user', content: myName.asks }],
        options: greedy,
      });
      await until(engine.client.model(tiny.path), (model) => model?.status.type === 'loading');
      leases.push(engine.client.acquire(tiny, 'd'));
      await Promise.all(leases.map(({ ready }) => ready));
      expect((await answer.result).text).toBe(myName.gets);
      expect(loads() - before).toBe(1);
      leases.forEach((lease) => lease.release());
    });
  });

  describe('Incomplete initialization cleanup', () => {
    test('in the old pattern a screen that leaves while it loads leaves the context behind', async () => {
      const { native, runtime, settle, open } = openOldApp();
      const { ui } = await open();
      await ui.rerender(oldScreens());
      await settle();
      expect(native.alive).toHaveLength(1);
      expect(runtime.store.isModelReady).toBe(true);
    });

    test('with ours the lease of a screen that leaves is given back, loaded or not', async () => {
      const from = engine.client.log.getSnapshot().length;
      const ui = await render(screens(engine.client, { seen: new Seen(), model: { ...tiny, keepAliveMs: 0 } }));
      await ui.rerender(screens(engine.client));
      await until(engine.client.log, (all) => all.slice(from).some(({ event }) => event.type === 'unloaded'));
      expect(tinyState(engine.client)).toMatchObject({ status: { type: 'unloaded' }, leases: [] });
    });
  });
});
