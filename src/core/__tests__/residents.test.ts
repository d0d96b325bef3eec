import { manualScheduler, modelState, scriptedPort } from '../../testing';
import { LlamaClient } from '../LlamaClient';
import type { LlamaError } from '../LlamaError';

function open() {
  const port = scriptedPort();
  const problems: LlamaError[] = [];
  const client = new LlamaClient(port, {
    scheduler: manualScheduler(),
    onProblem: (problem) => problems.push(problem),
  });
  const evict = jest.fn<void | Promise<void>, [string]>();
  const ears = client.reserveMemory({ id: 'ears', name: 'speech recogniser', sizeBytes: 9, inUse: false, evict });
  const ask = () => port.emit({ type: 'evictResident', id: 'ears', reason: 'a model needs it' });
  return { port, client, problems, evict, ears, ask };
}

/** Runs the reactions to resolved promises. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a resident is registered, updated in part, and removed once', () => {
  const { port, ears } = open();
  expect(port.last('setResident').resident).toEqual({
    id: 'ears',
    name: 'speech recogniser',
    sizeBytes: 9,
    inUse: false,
  });
  ears.update({ inUse: true });
  ears.update({ sizeBytes: 12 });
  expect(port.last('setResident').resident).toEqual({
    id: 'ears',
    name: 'speech recogniser',
    sizeBytes: 12,
    inUse: true,
  });
  ears.remove();
  ears.remove();
  ears.update({ sizeBytes: 1 });
  expect(port.sentOf('removeResident')).toHaveLength(1);
  expect(port.sentOf('setResident')).toHaveLength(3);
});

test('without an id one is made, and no two are the same', () => {
  const { client, port } = open();
  const big = { name: 'big', sizeBytes: 1, inUse: false, evict: () => undefined };
  const [one, other] = [client.reserveMemory(big), client.reserveMemory(big)];
  expect(one.id).not.toBe(other.id);
  expect(port.last('setResident').resident.id).toBe(other.id);
});

test('everybody sees the residents of all clients', () => {
  const { client, port } = open();
  const resident = { id: 'eyes', name: 'image model', sizeBytes: 5, inUse: true };
  port.emit({ type: 'residentChanged', resident });
  const before = client.residents.getSnapshot();
  expect(before).toEqual([resident]);
  port.emit({ type: 'residentChanged', resident });
  expect(client.residents.getSnapshot()).toBe(before);
  port.emit({ type: 'residentRemoved', id: 'eyes' });
  expect(client.residents.getSnapshot()).toEqual([]);
});

test('one whose memory is needed is evicted, and removed when that is over', async () => {
  const { port, evict, ask, ears } = open();
  let freed = () => {};
  evict.mockReturnValue(new Promise((resolve) => (freed = resolve)));
  ask();
  ask();
  expect(evict.mock.calls).toEqual([['a model needs it']]);
  await turn();
  expect(port.sentOf('removeResident')).toHaveLength(0);
  freed();
  await turn();
  expect(port.sentOf('removeResident')).toMatchObject([{ id: 'ears' }]);
  ears.update({ inUse: true });
  expect(port.sentOf('setResident')).toHaveLength(1);
});

test('a resident that was put to work in the meantime is left alone', () => {
  const { evict, ask, ears } = open();
  ears.update({ inUse: true });
  ask();
  expect(evict).not.toHaveBeenCalled();
  ears.update({ inUse: false });
  ask();
  expect(evict).toHaveBeenCalledTimes(1);
});

test.each([
  [
    'throws',
    () => {
      throw new Error('stuck');
    },
  ],
  ['rejects', () => Promise.reject(new Error('stuck'))],
])('a resident whose evict %s stays, is a problem, and can be evicted again', async (_, fails) => {
  const { port, evict, ask, problems } = open();
  evict.mockImplementation(fails);
  ask();
  await turn();
  expect(problems).toMatchObject([{ code: 'evictFailed', cause: { message: 'stuck' } }]);
  expect(problems[0]?.detail).toContain('speech recogniser');
  expect(port.sentOf('removeResident')).toHaveLength(0);
  evict.mockImplementation(() => undefined);
  ask();
  await turn();
  expect(port.sentOf('removeResident')).toHaveLength(1);
});

test('a resident that removed itself while it was evicted is removed once', async () => {
  const { port, evict, ask, ears } = open();
  evict.mockImplementation(() => ears.remove());
  ask();
  await turn();
  expect(port.sentOf('removeResident')).toHaveLength(1);
});

test('another one under the same id is not removed by the first', () => {
  const { client, port, ears } = open();
  client.reserveMemory({ id: 'ears', name: 'better ears', sizeBytes: 20, inUse: false, evict: () => undefined });
  ears.remove();
  expect(port.sentOf('removeResident')).toHaveLength(0);
});

test('after a new epoch ours are registered again, as they are now', () => {
  const { port, ears } = open();
  ears.update({ sizeBytes: 12 });
  port.restart();
  port.emit({ type: 'modelChanged', model: modelState('a', { type: 'unloaded' }) });
  expect(port.sentOf('setResident').map(({ resident }) => resident.sizeBytes)).toEqual([9, 12, 12]);
});

test('a resident that the engine refuses is a problem; leaving the port is none', () => {
  const { port, problems, client } = open();
  port.answer(port.last('setResident'), { code: 'invalidOptions', detail: 'resident.sizeBytes is out of range' });
  expect(problems).toMatchObject([{ code: 'invalidOptions' }]);
  client.reserveMemory({ name: 'late', sizeBytes: 1, inUse: false, evict: () => undefined });
  client.close();
  expect(problems).toHaveLength(1);
});
