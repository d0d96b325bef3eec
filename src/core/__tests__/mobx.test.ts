import { autorun, createAtom } from 'mobx';

import { manualScheduler, modelInfo, modelState, scriptedPort } from '../../testing';
import { LlamaClient } from '../LlamaClient';
import type { ReadableStore } from '../state/Store';

/** Makes a store observable by MobX. */
function observable<T>({ subscribe, getSnapshot }: ReadableStore<T>): () => T {
  let leave = () => {};
  const atom = createAtom(
    'llama',
    () => (leave = subscribe(() => atom.reportChanged())),
    () => leave(),
  );
  return () => {
    atom.reportObserved();
    return getSnapshot();
  };
}

test('MobX observes a model through subscribe and getSnapshot', () => {
  const port = scriptedPort();
  const client = new LlamaClient(port, { scheduler: manualScheduler() });
  const model = observable(client.model('a'));
  const seen: (string | undefined)[] = [];
  const stop = autorun(() => seen.push(model()?.status.type));
  port.emit({ type: 'modelChanged', model: modelState('a', { type: 'loading', progress: 0 }) });
  port.emit({ type: 'modelChanged', model: modelState('a', { type: 'ready', info: modelInfo }) });
  stop();
  port.emit({ type: 'modelChanged', model: modelState('a', { type: 'unloaded' }) });
  expect(seen).toEqual([undefined, 'loading', 'ready']);
});
