import { withCode } from '../../__tests__/withCode';
import { LlamaClient } from '../../core/LlamaClient';
import { beginTurn, finishLoading, manualScheduler, modelInfo, modelState, scriptedPort } from '../../testing';
import { LlamaParent } from '../LlamaParent';

const model = { path: 'a' };

function open() {
  const port = scriptedPort();
  const scheduler = manualScheduler();
  const client = new LlamaClient(port, { scheduler });
  return { port, scheduler, client, parent: new LlamaParent(client, model) };
}

test('init keeps the model loaded, under a name of its own, once', async () => {
  const { port, parent, client } = open();
  expect(port.sent).toEqual([]);
  const both = [parent.init(), parent.init()];
  finishLoading(port);
  await Promise.all(both);
  expect(port.sentOf('acquire')).toMatchObject([
    { model, debugLabel: expect.stringContaining('LlamaParent') as unknown },
  ]);
  void new LlamaParent(client, model).init();
  expect(port.last('acquire').debugLabel).not.toBe(port.sentOf('acquire')[0]?.debugLabel);
});

test('an init that failed can be tried again', async () => {
  const { port, parent, scheduler } = open();
  const failed = parent.init();
  port.answer(port.last('acquire'), { code: 'modelNotFound', detail: 'no file a' });
  await expect(failed).rejects.toMatchObject({ code: 'modelNotFound' });
  scheduler.runDeferred();
  expect(port.sentOf('release')).toHaveLength(1);
  const again = parent.init();
  finishLoading(port);
  await expect(again).resolves.toBeUndefined();
});

test('a scope of a given id is the same object until it is disposed of; made ids are all different', async () => {
  const { parent, port } = open();
  const diary = parent.getScope('diary');
  expect(parent.getScope('diary')).toBe(diary);
  expect(parent.getScope().id).not.toBe(parent.getScope().id);
  const gone = diary.dispose();
  port.answer(port.last('deleteScope'), { code: 'scopeNotFound', detail: 'no scope diary' });
  await gone;
  await diary.dispose();
  expect(port.sentOf('deleteScope')).toHaveLength(1);
  expect(parent.getScope('diary')).not.toBe(diary);
  await expect(diary.sendPrompt('Hi')).rejects.toMatchObject({ code: 'scopeNotFound' });
});

test('a prompt resolves to its whole answer, and streams on the way', async () => {
  const { parent, port } = open();
  const scope = parent.getScope('diary');
  const answer = scope.sendPrompt('Hi', { temperature: 0 });
  expect(port.last('generate')).toMatchObject({
    scope: 'diary',
    model,
    append: [{ role: 'user', content: 'Hi' }],
    options: { temperature: 0 },
  });
  const turn = beginTurn(port);
  turn.say('Hel');
  turn.say('lo');
  turn.finish();
  await expect(answer).resolves.toBe('Hello');
  const pieces: string[] = [];
  const stream = scope.stream('Again');
  const next = beginTurn(port, [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello' },
  ]);
  next.say('Yes');
  next.finish();
  for await (const piece of stream) pieces.push(piece);
  expect(pieces).toEqual(['Yes']);
});

test('an answer that was cancelled is none', async () => {
  const { parent, port } = open();
  const answer = parent.getScope().sendPrompt('Hi');
  const turn = beginTurn(port);
  turn.say('Hel');
  turn.finish({ reason: 'cancelled' });
  await expect(answer).rejects.toMatchObject({ code: 'cancelled' });
});

test('only conversations that nobody else can name are kept off the disk', () => {
  const { parent, port } = open();
  void parent.getScope('diary').stream('Hi');
  expect(port.last('generate')).not.toHaveProperty('persist');
  void parent.getScope().stream('Hi');
  expect(port.last('generate').persist).toBe('none');
});

test('dispose forgets the scopes with made ids, gives the lease back and frees the model', async () => {
  const { parent, port, scheduler } = open();
  const ready = parent.init();
  finishLoading(port);
  await ready;
  parent.getScope('diary');
  const made = parent.getScope();
  const end = parent.dispose();
  expect(parent.dispose()).toBe(end);
  scheduler.runDeferred();
  expect(port.sentOf('release')).toHaveLength(1);
  expect(port.sentOf('deleteScope')).toMatchObject([{ scope: made.id }]);
  port.answer(port.last('deleteScope'));
  await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  expect(port.sentOf('unload')).toMatchObject([{ path: 'a' }]);
  port.answer(port.last('unload'));
  await end;
  expect(() => parent.getScope()).toThrow(withCode('closed', 'LlamaParent'));
  await expect(made.sendPrompt('Hi')).rejects.toMatchObject({ code: 'closed' });
  await expect(parent.init()).rejects.toMatchObject({ code: 'closed' });
});

test('a model that somebody else has a lease of, or that was never loaded, is left alone', async () => {
  const { parent, port, client } = open();
  await new LlamaParent(client, { path: 'never loaded' }).dispose();
  port.emit({ type: 'modelChanged', model: modelState('a', { type: 'ready', info: modelInfo }, ['Screen']) });
  await parent.dispose();
  expect(port.sentOf('unload')).toEqual([]);
});

test('a failure of the end rejects it', async () => {
  const { parent, port } = open();
  parent.getScope();
  const end = parent.dispose();
  port.answer(port.last('deleteScope'), { code: 'busy', detail: 'the queue is full' });
  await expect(end).rejects.toMatchObject({ code: 'busy' });
});
