import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { test } from 'node:test';

import { Session, tinyModel } from './session.mjs';

const addon = createRequire(import.meta.url)('../llama-rs.node');

test('the addon is the port and nothing else', () => {
  assert.deepEqual(Object.keys(addon), ['Port']);
  const members = Object.getOwnPropertyNames(addon.Port.prototype).filter((name) => name !== 'constructor');
  assert.deepEqual(members.sort(), ['close', 'onEvents', 'send', 'snapshot']);
});

test('a manager that does not exist is refused by name', () => {
  const message = 'no such manager: mine - use global or own';
  assert.throws(() => new addon.Port({ manager: 'mine' }), { code: 'invalidOptions', message });
});

test('a second event callback is refused, because events have one reader', (t) => {
  const session = new Session();
  t.after(() => session.port.close());
  assert.throws(() => session.port.onEvents(() => {}), /has an event callback already/);
});

test('the snapshot names the CPU before anything is loaded', (t) => {
  const session = new Session();
  t.after(() => session.port.close());
  const { models, devices } = session.snapshot;
  assert.deepEqual(models, []);
  assert.ok(devices.some((device) => device.kind === 'cpu'));
});

test('a command that is not JSON is answered by failed, not thrown', async (t) => {
  const session = new Session();
  t.after(() => session.port.close());
  session.port.send('{');
  const { error } = await session.event((event) => event.type === 'failed');
  assert.equal(error.code, 'invalidCommand');
});

test('a command of an unknown type is answered by failed with its requestId', async (t) => {
  const session = new Session();
  t.after(() => session.port.close());
  const answer = await session.ask({ type: 'sing' });
  assert.equal(answer.type, 'failed');
  assert.equal(answer.error.code, 'invalidCommand');
});

test('an answer streams, and its pieces are the text of the snapshot', async (t) => {
  const session = new Session();
  t.after(() => session.port.close());
  session.generate('greeting');
  const { phase } = await session.finished('greeting');
  assert.equal(phase.outcome.reason, 'stop');
  assert.ok(session.text('greeting').length > 0);
  assert.equal(session.snapshot.generations.find(({ id }) => id === 'greeting').text, session.text('greeting'));
});

test('events are numbered without a gap', async (t) => {
  const session = new Session();
  t.after(() => session.port.close());
  session.generate('greeting');
  await session.finished('greeting');
  const first = session.events[0].seq;
  assert.deepEqual(
    session.events.map((event) => event.seq),
    session.events.map((_, index) => first + index),
  );
});

test('ports on the global manager share one load, and closing one does not unload it', async (t) => {
  const first = new Session('global');
  const second = new Session('global');
  t.after(() => second.port.close());
  const acquire = (leaseId) => ({ type: 'acquire', leaseId, debugLabel: 'test', model: tinyModel });
  assert.equal((await first.ask(acquire('a'))).type, 'done');
  first.port.close();
  assert.equal((await second.ask(acquire('b'))).type, 'done');
  assert.equal(second.snapshot.models.find(({ path }) => path === tinyModel.path).loads, 1);
});

test('a port with a manager of its own does not see the global one', async (t) => {
  const shared = new Session('global');
  const own = new Session('own');
  t.after(() => [shared, own].forEach(({ port }) => port.close()));
  await shared.ask({ type: 'acquire', leaseId: 'c', debugLabel: 'test', model: tinyModel });
  assert.deepEqual(own.snapshot.models, []);
});

test('nothing is delivered after close, not even what was waiting for the event loop', async (t) => {
  const closing = new Session('global');
  const witness = new Session('global');
  t.after(() => witness.port.close());
  closing.send({ type: 'readLog' });
  await closing.event((event) => event.type === 'log');
  const delivered = closing.batches;

  closing.send({ type: 'readLog' });
  // This thread is busy while a process starts: the answer is pulled and queued meanwhile.
  execFileSync(process.execPath, ['--eval', '']);
  closing.port.close();

  await witness.ask({ type: 'readLog' });
  assert.equal(closing.batches, delivered);
});

test('a closed port takes every call and does nothing', () => {
  const { port } = new Session();
  port.close();
  port.close();
  port.send('{');
  port.onEvents(() => assert.fail('a closed port has no events'));
  assert.equal(typeof JSON.parse(port.snapshot()).seq, 'number');
});
