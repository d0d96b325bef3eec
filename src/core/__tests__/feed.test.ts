import { withCode } from '../../__tests__/withCode';
import { beginTurn, finishLoading, manualScheduler, modelInfo, modelState, scriptedPort } from '../../testing';
import { LlamaClient } from '../LlamaClient';
import type { LlamaError } from '../LlamaError';

const ready = (path: string) => modelState(path, { type: 'ready', info: modelInfo });

function open(world: Parameters<typeof scriptedPort>[0] = {}) {
  const port = scriptedPort(world);
  const problems: LlamaError[] = [];
  const scheduler = manualScheduler();
  const client = new LlamaClient(port, { scheduler, onProblem: (problem) => problems.push(problem) });
  return { port, client, problems, scheduler };
}

test('the first snapshot is there at once', () => {
  const { client, port } = open({ models: [ready('a')] });
  expect(client.model('a').getSnapshot()).toEqual(ready('a'));
  expect(client.models.getSnapshot()).toEqual([ready('a')]);
  expect(port.snapshotsRead).toBe(1);
});

test('an event that the snapshot includes is dropped', () => {
  const { client, port } = open({ models: [ready('a')] });
  const late = {
    epoch: 'script-1',
    events: [{ seq: 0, type: 'modelChanged', model: modelState('a', { type: 'unloaded' }) }],
  };
  port.deliver(JSON.stringify(late));
  expect(client.model('a').getSnapshot()?.status.type).toBe('ready');
  expect(port.snapshotsRead).toBe(1);
});

test('after a gap the client goes on from a new snapshot', () => {
  const { client, port } = open();
  port.lose({ type: 'modelChanged', model: ready('lost') });
  port.emit({ type: 'modelChanged', model: ready('heard') });
  expect(client.models.getSnapshot().map(({ path }) => path)).toEqual(['lost', 'heard']);
  expect(port.snapshotsRead).toBe(2);
  port.emit({ type: 'modelChanged', model: ready('next') });
  expect(port.snapshotsRead).toBe(2);
});

test('an answer that the snapshot overtook still settles its promise', async () => {
  const { client, port } = open();
  const unloaded = client.unload('a');
  const first = port.last('unload');
  port.lose({ type: 'modelChanged', model: ready('lost') });
  port.emit({ type: 'modelChanged', model: ready('a') }, { type: 'done', requestId: first.requestId });
  await expect(unloaded).resolves.toBeUndefined();
});

test('a question whose answer was lost is asked again', async () => {
  const { client, port } = open();
  const lifecycle = client.readLog();
  const question = port.last('readLog');
  port.lose({ type: 'log', requestId: question.requestId, records: [] });
  port.emit({ type: 'modelChanged', model: ready('a') });
  expect(port.sentOf('readLog')).toEqual([question, question]);
  port.emit({ type: 'log', requestId: question.requestId, records: [] });
  await expect(lifecycle).resolves.toEqual([]);
});

test('a turn is never sent twice', () => {
  const { client, port } = open();
  client.generate({ model: { path: 'a' }, scope: 's', append: [{ role: 'user', content: 'Hi' }] });
  port.lose({ type: 'modelChanged', model: ready('a') });
  port.emit({ type: 'modelChanged', model: ready('b') });
  expect(port.sentOf('generate')).toHaveLength(1);
});

test('a lease whose answer was lost is ready by the snapshot', async () => {
  const { client, port } = open();
  const lease = client.acquire({ path: 'a' }, 'Screen');
  const { requestId } = port.last('acquire');
  port.lose({ type: 'done', requestId }, { type: 'modelChanged', model: ready('a') });
  port.emit({ type: 'modelChanged', model: ready('b') });
  await expect(lease.ready).resolves.toBeUndefined();
});

test('a lease whose refusal was lost fails by the snapshot', async () => {
  const { client, port } = open();
  const lease = client.acquire({ path: 'a' }, 'Screen');
  const error = { code: 'modelNotFound', detail: 'no file a' } as const;
  port.lose({ type: 'modelChanged', model: modelState('a', { type: 'failed', error }) });
  port.emit({ type: 'modelChanged', model: ready('b') });
  await expect(lease.ready).rejects.toMatchObject(error);
});

test('in a new epoch the leases are taken anew and what the old one had is gone', () => {
  const { client, port } = open({ models: [ready('old')] });
  client.acquire({ path: 'a' }, 'Screen');
  finishLoading(port);
  const taken = port.last('acquire');
  port.restart({ models: [ready('new')] });
  port.emit({ type: 'modelChanged', model: ready('newer') });
  expect(client.models.getSnapshot().map(({ path }) => path)).toEqual(['new', 'newer']);
  expect(client.model('old').getSnapshot()).toBeUndefined();
  expect(port.sentOf('acquire').map(({ leaseId }) => leaseId)).toEqual([taken.leaseId, taken.leaseId]);
});

test('a late batch of an epoch that is gone is dropped', () => {
  const { client, port, problems } = open();
  port.restart();
  port.emit({ type: 'modelChanged', model: ready('a') });
  const late = { epoch: 'script-1', events: [{ seq: 1, type: 'modelChanged', model: ready('ghost') }] };
  port.deliver(JSON.stringify(late));
  expect(client.models.getSnapshot().map(({ path }) => path)).toEqual(['a']);
  expect(problems).toEqual([]);
});

test('a running generation survives a new epoch; one that the engine lost fails', async () => {
  const { client, port } = open();
  const start = (scope: string) =>
    client.generate({ model: { path: 'a' }, scope, append: [{ role: 'user', content: 'Hi' }] });
  const kept = start('kept');
  const turn = beginTurn(port);
  const lost = start('lost');
  beginTurn(port);
  const unsent = start('unsent');
  const state = { ...kept.getSnapshot(), text: 'so far' };
  port.restart({ generations: [state] });
  port.emit({ type: 'textDelta', generationId: turn.id, offset: 7 - 1, text: ' and on' });
  expect(kept.getSnapshot().text).toBe('so far and on');
  await expect(lost.result).rejects.toMatchObject({ code: 'generationNotFound' });
  await expect(unsent.result).rejects.toMatchObject({ code: 'closed' });
});

test('a generation that the engine has not taken yet survives a gap', () => {
  const { client, port } = open();
  const generation = client.generate({ model: { path: 'a' }, scope: 's', append: [{ role: 'user', content: 'Hi' }] });
  port.lose({ type: 'modelChanged', model: ready('a') });
  port.emit({ type: 'modelChanged', model: ready('b') });
  expect(generation.getSnapshot().phase.type).toBe('queued');
});

test.each([
  ['not JSON', '{"epoch":'],
  ['not an object', '7'],
  ['null', 'null'],
  ['without an epoch', '{"events":[]}'],
  ['without events', '{"epoch":"script-1"}'],
  ['an event without a number', '{"epoch":"script-1","events":[{"type":"done","requestId":"r"}]}'],
  ['an event without a type', '{"epoch":"script-1","events":[{"seq":1}]}'],
  ['an event that is null', '{"epoch":"script-1","events":[null]}'],
])('a malformed batch (%s) is reported, and the client goes on from a new snapshot', (_, batch) => {
  const { client, port, problems } = open();
  port.lose({ type: 'modelChanged', model: ready('lost') });
  port.deliver(batch);
  expect(problems.map(({ code }) => code)).toEqual(['protocolViolation']);
  expect(client.models.getSnapshot().map(({ path }) => path)).toEqual(['lost']);
});

test.each([
  '',
  '[]',
  '{"epoch":"e","seq":0}',
  '{"epoch":"e","seq":0.5,"models":[],"scopes":[],"generations":[],"devices":[]}',
])('a client is not made from a malformed snapshot (%j)', (snapshot) => {
  const port = { ...scriptedPort(), snapshot: () => snapshot };
  expect(() => new LlamaClient(port)).toThrow(withCode('protocolViolation'));
});

test.each(['models', 'scopes', 'generations', 'residents', 'downloads', 'devices'])(
  'a client is not made from a snapshot without its list of %s',
  (list) => {
    const whole = scriptedPort().snapshot();
    const port = {
      ...scriptedPort(),
      snapshot: () => JSON.stringify({ ...(JSON.parse(whole) as object), [list]: undefined }),
    };
    expect(() => new LlamaClient(port)).toThrow(withCode('protocolViolation'));
  },
);

test('a port that can give no snapshot any longer is reported, and the state stays', () => {
  const { client, port, problems } = open({ models: [ready('a')] });
  port.snapshot = () => {
    throw new Error('gone');
  };
  port.deliver('nonsense');
  expect(problems.map(({ code }) => code)).toEqual(['protocolViolation', 'protocolViolation']);
  expect(problems[1]?.cause).toEqual(new Error('gone'));
  expect(client.model('a').getSnapshot()).toEqual(ready('a'));
});

test('an event of a newer version is passed over', () => {
  const { client, port, problems } = open();
  port.deliver('{"epoch":"script-1","events":[{"seq":1,"type":"tomorrow"}]}');
  expect(problems).toEqual([]);
  expect(port.snapshotsRead).toBe(1);
  expect(client.models.getSnapshot()).toEqual([]);
});

test('one batch notifies a listener once, with everything up to date', () => {
  const { client, port } = open();
  const seen: number[] = [];
  client.models.subscribe(() => seen.push(client.models.getSnapshot().length));
  port.emit({ type: 'modelChanged', model: ready('a') }, { type: 'modelChanged', model: ready('b') });
  expect(seen).toEqual([2]);
});

test('a listener that throws neither silences the others nor reaches the port', () => {
  const { client, port, scheduler } = open();
  const seen: string[] = [];
  client.models.subscribe(() => {
    throw new Error('mine');
  });
  client.models.subscribe(() => seen.push('told'));
  port.emit({ type: 'modelChanged', model: ready('a') });
  expect(seen).toEqual(['told']);
  expect(() => scheduler.runDeferred()).toThrow('mine');
});

test('a listener subscribed twice leaves one at a time', () => {
  const { client, port } = open();
  const listener = jest.fn();
  const leave = client.models.subscribe(listener);
  client.models.subscribe(listener);
  leave();
  leave();
  port.emit({ type: 'modelChanged', model: ready('a') });
  expect(listener).toHaveBeenCalledTimes(1);
});

test('unchanged parts keep their identity, across events and across snapshots', () => {
  const { client, port } = open({ models: [ready('a'), ready('b')] });
  const a = client.model('a').getSnapshot();
  const b = client.model('b').getSnapshot();
  const listener = jest.fn();
  client.model('a').subscribe(listener);
  port.emit(
    { type: 'modelChanged', model: ready('a') },
    { type: 'modelChanged', model: modelState('b', { type: 'unloaded' }) },
  );
  port.deliver('malformed');
  expect(client.model('a').getSnapshot()).toBe(a);
  expect(client.models.getSnapshot()[0]).toBe(a);
  expect(client.model('b').getSnapshot()).not.toBe(b);
  expect(client.model('b').getSnapshot()?.config).toBe(b?.config);
  expect(listener).not.toHaveBeenCalled();
});

test('snapshots are frozen all through', () => {
  const { client } = open({ models: [ready('a')] });
  const model = client.model('a').getSnapshot();
  expect(Object.isFrozen(model)).toBe(true);
  expect(Object.isFrozen(model?.config)).toBe(true);
  expect(Object.isFrozen(client.models.getSnapshot())).toBe(true);
});

test('the flight recorder is kept as it is written, and read whole on request', async () => {
  const { client, port } = open();
  const record = { at: 1, model: 'a', event: { type: 'loading' as const }, reason: 'first lease' };
  port.emit({ type: 'recorded', record });
  expect(client.log.getSnapshot()).toEqual([record]);
  const lifecycle = client.readLog();
  port.emit({ type: 'log', requestId: port.last('readLog').requestId, records: [record, record] });
  await expect(lifecycle).resolves.toEqual([record, record]);
});

test('the flight recorder keeps the last 256 entries', () => {
  const { client, port } = open();
  for (let at = 0; at < 300; at += 1)
    port.emit({ type: 'recorded', record: { at, model: 'a', event: { type: 'idle' }, reason: '' } });
  expect(client.log.getSnapshot()).toHaveLength(256);
  expect(client.log.getSnapshot()[0]?.at).toBe(44);
});

test('after close nothing is sent or heard, and everything pending rejects once with closed', async () => {
  const { client, port, scheduler } = open();
  const lease = client.acquire({ path: 'a' }, 'Screen');
  const generation = client.generate({ model: { path: 'a' }, scope: 's', append: [{ role: 'user', content: 'Hi' }] });
  const pending = [
    lease.ready,
    generation.result,
    client.unload('a'),
    client.readLog(),
    client.replay('g', 0),
    client.transcript('s').then(() => client.deleteScope('s')),
  ];
  client.close();
  client.close();
  const sent = port.sent.length;
  lease.release();
  scheduler.runDeferred();
  const later = [client.unload('a'), client.acquire({ path: 'b' }, 'Screen').ready];
  client.recordMount('Screen', 'a', 'mounted');
  const late = client.generate({ model: { path: 'a' }, scope: 's', append: [{ role: 'user', content: 'Hi' }] });
  for (const promise of [...pending, ...later, late.result])
    await expect(promise).rejects.toMatchObject({ code: 'closed' });
  expect(port.sent).toHaveLength(sent);
  expect(port.listeners).toBe(0);
});
