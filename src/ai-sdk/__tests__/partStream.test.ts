import type { Generation } from '../../core/generations/Generation';
import { beginTurn } from '../../testing';
import { partStream } from '../partStream';
import { harness, partsOf, turns } from './harness';

test('a stream listens to its generation once at most, and not beyond its end', async () => {
  const { port, client } = harness();
  const generation = client.generate({ model: { path: 'a' }, scope: 's', append: [{ role: 'user', content: 'Hi' }] });
  const counts: number[] = [];
  let listening = 0;
  const subscribe: Generation['subscribe'] = (listener) => {
    const unsubscribe = generation.subscribe(listener);
    counts.push((listening += 1));
    return () => {
      listening -= 1;
      unsubscribe();
    };
  };
  const watched = Object.assign(Object.create(generation) as Generation, { subscribe });
  const parts = partsOf(partStream(watched, { warnings: [], modelId: 'a', signal: undefined, isRaw: false }));
  const turn = beginTurn(port);
  for (const piece of ['a', 'b', 'c']) {
    turn.say(piece);
    await turns();
  }
  turn.finish();
  await parts;
  expect(Math.max(...counts)).toBe(1);
  expect(listening).toBe(0);
});
