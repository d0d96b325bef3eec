// An app that keeps its model in MobX, as the app of the old pattern does, can go on doing so: our stores feed MobX.
import { autorun, makeAutoObservable, observableRef } from 'mobx';

import type { LlamaClient, ModelState, ReadableStore } from '../../src';
import { installNodePort } from '../../src/testing';
import { greedy, myName, tiny, tinyState, unloadTiny } from './tiny';
import { until } from './until';

const engine = installNodePort();

/** A model in MobX. Holds the value of our store, and no state of its own. */
class ModelStore {
  model: ModelState | undefined;
  readonly dispose: () => void;

  constructor(source: ReadableStore<ModelState | undefined>) {
    this.model = source.getSnapshot();
    makeAutoObservable(this, { model: observableRef, dispose: false });
    this.dispose = source.subscribe(() => this.take(source.getSnapshot()));
  }

  get isReady(): boolean {
    return this.model?.status.type === 'ready' || this.model?.status.type === 'idle';
  }

  get debugLabels(): readonly string[] {
    return this.model?.leases.map(({ debugLabel }) => debugLabel) ?? [];
  }

  private take(model: ModelState | undefined): void {
    this.model = model;
  }
}

/** Compares store and source at each change of either. Returns every difference. */
function watch(store: ModelStore, client: LlamaClient): { seen: string[]; differences: string[]; end(): void } {
  const seen: string[] = [];
  const differences: string[] = [];
  const compare = () => {
    const truth = tinyState(client);
    if (store.model !== truth)
      differences.push(`${store.model?.status.type ?? 'none'} is not ${truth?.status.type ?? 'none'}`);
  };
  const stop = autorun(() => {
    seen.push(
      `${store.model?.status.type ?? 'none'} ${store.isReady ? 'ready' : 'not ready'} ${store.debugLabels.length}`,
    );
    compare();
  });
  const leave = client.model(tiny.path).subscribe(compare);
  return {
    seen,
    differences,
    end() {
      stop();
      leave();
    },
  };
}

afterEach(() => unloadTiny(engine.client));

test('a MobX store follows a model through its whole life and never falls out of sync', async () => {
  const source = engine.client.model(tiny.path);
  const store = new ModelStore(source);
  const watched = watch(store, engine.client);
  expect(store.isReady).toBe(false);

  const lease = engine.client.acquire(tiny, 'MobX');
  await lease.ready;
  expect([store.isReady, store.debugLabels]).toEqual([true, ['MobX']]);
  const answer = engine.client.generate({
    model: tiny,
    scope: 'mobx',
    append: [{ role: 'user', content: myName.asks }],
    options: greedy,
  });
  expect((await answer.result).text).toBe(myName.gets);
  lease.release();
  await until(source, (model) => model?.status.type === 'idle');
  expect([store.isReady, store.debugLabels]).toEqual([true, []]);

  await engine.client.unload(tiny.path);
  expect([store.isReady, store.model?.status.type]).toEqual([false, 'unloaded']);
  watched.end();
  store.dispose();
  expect(watched.differences).toEqual([]);
  expect(watched.seen).toEqual(
    expect.arrayContaining([
      'none not ready 0',
      'loading not ready 1',
      'ready ready 1',
      'idle ready 0',
      'unloaded not ready 0',
    ]),
  );
});

test('a MobX store made late holds what is true at once', async () => {
  await engine.client.acquire(tiny, 'Early').ready;
  const store = new ModelStore(engine.client.model(tiny.path));
  expect([store.isReady, store.debugLabels]).toEqual([true, ['Early']]);
  store.dispose();
});

test('a MobX store that was disposed of hears nothing more', async () => {
  const store = new ModelStore(engine.client.model(tiny.path));
  const before = store.model;
  store.dispose();
  await engine.client.acquire(tiny, 'Unheard').ready;
  expect(store.model).toBe(before);
});
