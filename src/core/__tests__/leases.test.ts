import { finishLoading, manualScheduler, modelInfo, modelState, scriptedPort } from '../../testing';
import { LlamaClient } from '../LlamaClient';

function open() {
  const port = scriptedPort();
  const scheduler = manualScheduler();
  return { port, scheduler, client: new LlamaClient(port, { scheduler }) };
}

test('a release waits for one macrotask', () => {
  const { client, port, scheduler } = open();
  const lease = client.acquire({ path: 'a', keepAliveMs: 0 }, 'Screen');
  finishLoading(port);
  lease.release();
  expect(port.sentOf('release')).toHaveLength(0);
  scheduler.runDeferred();
  expect(port.sentOf('release')).toMatchObject([{ leaseId: port.last('acquire').leaseId }]);
});

test('a release is forgotten when the lease is taken again before', () => {
  const { client, port, scheduler } = open();
  const first = client.acquire({ path: 'a', keepAliveMs: 0 }, 'Screen');
  finishLoading(port);
  first.release();
  const second = client.acquire({ keepAliveMs: 0, path: 'a' }, 'Screen');
  scheduler.runDeferred();
  expect(port.sentOf('release')).toHaveLength(0);
  expect(port.sentOf('acquire')).toHaveLength(1);
  second.release();
  scheduler.runDeferred();
  expect(port.sentOf('release')).toHaveLength(1);
});

test('a hundred holders with the same options are one lease, given back by the last', () => {
  const { client, port, scheduler } = open();
  const leases = Array.from({ length: 100 }, () => client.acquire({ path: 'a', contextSize: undefined }, 'Row'));
  expect(port.sentOf('acquire')).toHaveLength(1);
  for (const lease of leases.slice(1)) lease.release();
  scheduler.runDeferred();
  expect(port.sentOf('release')).toHaveLength(0);
  leases[0]?.release();
  scheduler.runDeferred();
  expect(port.sentOf('release')).toHaveLength(1);
});

test('giving back twice is once', () => {
  const { client, port, scheduler } = open();
  const first = client.acquire({ path: 'a' }, 'Screen');
  client.acquire({ path: 'a' }, 'Screen');
  first.release();
  first.release();
  scheduler.runDeferred();
  expect(port.sentOf('release')).toHaveLength(0);
});

test.each([
  ['another debug label', { path: 'a' }, 'Other'],
  ['other options', { path: 'a', contextSize: 512 }, 'Screen'],
  ['another model', { path: 'b' }, 'Screen'],
])('%s means another lease', (_, model, debugLabel) => {
  const { client, port } = open();
  client.acquire({ path: 'a' }, 'Screen');
  client.acquire(model, debugLabel);
  expect(port.sentOf('acquire')).toHaveLength(2);
});

test('a lease is ready when the engine says so', async () => {
  const { client, port } = open();
  const lease = client.acquire({ path: 'a' }, 'Screen');
  finishLoading(port);
  await expect(lease.ready).resolves.toBeUndefined();
});

test('a refused lease rejects with the reason, and the next one asks again', async () => {
  const { client, port } = open();
  const lease = client.acquire({ path: 'a' }, 'Screen');
  port.answer(port.last('acquire'), { code: 'modelNotFound', detail: 'no file a' });
  await expect(lease.ready).rejects.toMatchObject({ name: 'LlamaError', code: 'modelNotFound', detail: 'no file a' });
  client.acquire({ path: 'a' }, 'Screen');
  expect(port.sentOf('acquire')).toHaveLength(2);
});

test('a lease given back while the model loads rejects with loadCancelled', async () => {
  const { client, scheduler } = open();
  const lease = client.acquire({ path: 'a' }, 'Screen');
  lease.release();
  scheduler.runDeferred();
  await expect(lease.ready).rejects.toMatchObject({ code: 'loadCancelled' });
});

test.each(['unloaded', 'failed'] as const)(
  'a lease on a model that is %s is not joined: the next one loads it',
  (status) => {
    const { client, port, scheduler } = open();
    const stale = client.acquire({ path: 'a' }, 'Screen');
    const other = client.acquire({ path: 'b' }, 'Screen');
    port.answer(port.last('acquire'));
    port.emit({ type: 'done', requestId: port.sentOf('acquire')[0]?.requestId ?? '' });
    const error = { code: 'engineCrashed', detail: 'the engine died' } as const;
    port.emit({
      type: 'modelChanged',
      model: modelState('a', status === 'failed' ? { type: status, error } : { type: status }),
    });
    client.acquire({ path: 'a' }, 'Screen');
    client.acquire({ path: 'b' }, 'Screen');
    expect(port.sentOf('acquire').map(({ model }) => model.path)).toEqual(['a', 'b', 'a']);
    stale.release();
    other.release();
    scheduler.runDeferred();
    expect(port.sentOf('release')).toMatchObject([{ leaseId: port.sentOf('acquire')[0]?.leaseId }]);
  },
);

test('a lease that waits for a load is joined, whatever the model was before', () => {
  const { client, port } = open();
  client.acquire({ path: 'a' }, 'Screen');
  port.emit({ type: 'modelChanged', model: modelState('a', { type: 'unloaded' }) });
  client.acquire({ path: 'a' }, 'Screen');
  expect(port.sentOf('acquire')).toHaveLength(1);
});

test('releases that wait are forgotten on close', () => {
  const { client, port, scheduler } = open();
  client.acquire({ path: 'a' }, 'Screen').release();
  client.close();
  expect(scheduler.deferred).toBe(0);
  expect(port.sentOf('release')).toHaveLength(0);
});

test('the host is told when something is awaited and when nothing is any longer', async () => {
  const port = scriptedPort();
  const busy: boolean[] = [];
  const client = new LlamaClient(port, { scheduler: manualScheduler(), onBusy: (now) => busy.push(now) });
  const lease = client.acquire({ path: 'a' }, 'Screen');
  const generation = client.generate({ model: { path: 'a' }, scope: 's', append: [{ role: 'user', content: 'Hi' }] });
  expect(busy).toEqual([true]);
  port.emit({ type: 'modelChanged', model: modelState('a', { type: 'ready', info: modelInfo }) });
  port.answer(port.last('acquire'));
  await lease.ready;
  expect(busy).toEqual([true]);
  port.answer(port.last('generate'), { code: 'busy', detail: 'the queue is full' });
  await expect(generation.result).rejects.toMatchObject({ code: 'busy' });
  expect(busy).toEqual([true, false]);
});

test.each([
  ['unloaded', { type: 'unloaded' } as const],
  ['failed', { type: 'failed', error: { code: 'engineCrashed', detail: 'x' } } as const],
])('a lease whose model was %s in a gap is taken again', (_, status) => {
  const { client, port } = open();
  client.acquire({ path: 'a' }, 'Screen');
  finishLoading(port);
  port.lose({ type: 'modelChanged', model: modelState('a', status) });
  port.deliver('malformed');
  client.acquire({ path: 'a' }, 'Screen');
  expect(port.sentOf('acquire')).toHaveLength(2);
});
