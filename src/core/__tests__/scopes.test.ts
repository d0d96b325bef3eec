import type { Message, ScopeSummary } from '../../protocol/generated';
import { beginTurn, manualScheduler, scopeSummary, scriptedPort } from '../../testing';
import { LlamaClient } from '../LlamaClient';

const hello: Message[] = [
  { role: 'user', content: 'Hi' },
  { role: 'assistant', content: 'Hello' },
];

function summary(id: string, revision: number): ScopeSummary {
  return scopeSummary(id, { messageCount: 2, cachedTokens: 9, revision });
}

function open(...scopes: ScopeSummary[]) {
  const port = scriptedPort({ scopes });
  const client = new LlamaClient(port, { scheduler: manualScheduler() });
  const transcriptOf = (id: string) => client.scope(id).getSnapshot().transcript;
  const answer = (id: string, revision: number, messages: Message[]) =>
    port.emit({ type: 'transcript', requestId: port.last('getTranscript').requestId, scope: id, revision, messages });
  return { port, client, transcriptOf, answer };
}

test('a conversation that does not exist has no messages, and nothing to load', async () => {
  const { client, port, transcriptOf } = open();
  expect(transcriptOf('new')).toEqual({ status: 'ready', revision: 0, messages: [] });
  await expect(client.transcript('new')).resolves.toEqual([]);
  expect(port.sent).toEqual([]);
});

test('a transcript is read once for all who ask, and then kept up to date', async () => {
  const { client, port, transcriptOf, answer } = open(summary('s', 2));
  expect(transcriptOf('s').status).toBe('absent');
  const both = [client.transcript('s'), client.transcript('s')];
  expect(transcriptOf('s').status).toBe('loading');
  expect(port.sentOf('getTranscript')).toHaveLength(1);
  answer('s', 2, hello);
  expect(await Promise.all(both)).toEqual([hello, hello]);
  const [first] = transcriptOf('s').messages;
  port.emit({
    type: 'transcriptChanged',
    scope: 's',
    revision: 3,
    from: 1,
    messages: [{ role: 'assistant', content: 'Good day' }],
  });
  expect(transcriptOf('s').messages.map(({ content }) => content)).toEqual(['Hi', 'Good day']);
  expect(transcriptOf('s').messages[0]).toBe(first);
  await expect(client.transcript('s')).resolves.toBe(transcriptOf('s').messages);
  expect(port.sentOf('getTranscript')).toHaveLength(1);
});

test('a change that the transcript has already is passed over', async () => {
  const { client, port, transcriptOf, answer } = open(summary('s', 2));
  const reading = client.transcript('s');
  port.emit({ type: 'transcriptChanged', scope: 's', revision: 2, from: 0, messages: hello });
  answer('s', 2, hello);
  await reading;
  const before = transcriptOf('s');
  port.emit({ type: 'transcriptChanged', scope: 's', revision: 2, from: 0, messages: [] });
  expect(transcriptOf('s')).toBe(before);
});

test('an answer that is older than what is known is passed over', () => {
  const { client, port, transcriptOf } = open(summary('s', 2));
  void client.transcript('s');
  const { requestId } = port.last('getTranscript');
  port.emit({ type: 'transcript', requestId, scope: 's', revision: 2, messages: hello });
  port.deliver(
    JSON.stringify({
      epoch: 'script-1',
      events: [{ seq: 2, type: 'transcript', requestId, scope: 's', revision: 1, messages: [] }],
    }),
  );
  expect(transcriptOf('s').messages).toEqual(hello);
});

test('a change that does not fit is answered by reading anew, with the messages kept meanwhile', async () => {
  const { client, port, transcriptOf, answer } = open(summary('s', 2));
  const reading = client.transcript('s');
  answer('s', 2, hello);
  await reading;
  const [first] = transcriptOf('s').messages;
  port.lose({ type: 'scopeChanged', scope: summary('s', 4) });
  port.emit({ type: 'transcriptChanged', scope: 's', revision: 5, from: 3, messages: [] });
  expect(transcriptOf('s')).toEqual({ status: 'loading', revision: 2, messages: hello });
  answer('s', 4, [...hello, { role: 'user', content: 'And?' }]);
  expect(transcriptOf('s').messages).toHaveLength(3);
  expect(transcriptOf('s').messages[0]).toBe(first);
});

test('a hole in a transcript is noticed without a gap in the numbers', () => {
  const { port } = open();
  const read = port.snapshotsRead;
  port.emit({ type: 'transcriptChanged', scope: 'new', revision: 1, from: 3, messages: hello });
  expect(port.snapshotsRead).toBe(read + 1);
});

test('a scope that is gone from a snapshot is empty again', async () => {
  const { client, port, transcriptOf, answer } = open(summary('s', 2));
  const reading = client.transcript('s');
  answer('s', 2, hello);
  await reading;
  port.restart();
  port.emit({ type: 'scopeChanged', scope: summary('other', 1) });
  expect(transcriptOf('s')).toEqual({ status: 'ready', revision: 0, messages: [] });
  expect(client.scope('s').getSnapshot().summary).toBeUndefined();
  expect(client.scopes.getSnapshot().map(({ id }) => id)).toEqual(['other']);
});

test('a disposed scope is empty, and resolves', async () => {
  const { client, port, transcriptOf } = open(summary('s', 2));
  const disposed = client.deleteScope('s');
  const command = port.last('deleteScope');
  port.emit({ type: 'scopeDeleted', scope: 's' }, { type: 'done', requestId: command.requestId });
  await disposed;
  expect(transcriptOf('s').status).toBe('ready');
  expect(client.scopes.getSnapshot()).toEqual([]);
});

test('a transcript that was disposed while it was read is empty', async () => {
  const { client, port, transcriptOf } = open(summary('s', 2));
  const reading = client.transcript('s');
  port.answer(port.last('getTranscript'), { code: 'scopeNotFound', detail: 'no scope s' });
  await expect(reading).resolves.toEqual([]);
  expect(transcriptOf('s').status).toBe('ready');
});

test('a transcript that cannot be read says why, and can be read again', async () => {
  const { client, port, transcriptOf, answer } = open(summary('s', 2));
  const reading = client.transcript('s');
  port.answer(port.last('getTranscript'), { code: 'busy', detail: 'the queue is full' });
  await expect(reading).rejects.toMatchObject({ code: 'busy' });
  expect(transcriptOf('s')).toMatchObject({ status: 'failed', error: { code: 'busy' } });
  const again = client.transcript('s');
  answer('s', 2, hello);
  await expect(again).resolves.toEqual(hello);
  expect(transcriptOf('s').error).toBeUndefined();
});

test('the failure of the last turn is shown until the next begins', () => {
  const { client, port } = open();
  const failure = () => client.scope('s').getSnapshot().failure;
  const say = (content: string) =>
    client.generate({ model: { path: 'a' }, scope: 's', append: [{ role: 'user', content }] });
  say('Hi');
  port.answer(port.last('generate'), { code: 'busy', detail: 'full' });
  expect(failure()).toMatchObject({ code: 'busy' });
  say('Hi');
  expect(failure()).toBeUndefined();
  beginTurn(port).finish();
  expect(failure()).toBeUndefined();
});

test('a scope shows its own generations, in order, until they finish', () => {
  const { client, port } = open();
  const say = (scope: string) =>
    client.generate({ model: { path: 'a' }, scope, append: [{ role: 'user', content: 'Hi' }] });
  const first = say('s');
  const turn = beginTurn(port);
  say('other');
  const second = say('s');
  expect(client.scope('s').getSnapshot().generations).toEqual([first, second]);
  turn.finish();
  expect(client.scope('s').getSnapshot().generations).toEqual([second]);
});

test('summaries keep their identity until they change', () => {
  const { client, port } = open(summary('s', 2), summary('t', 1));
  const before = client.scope('s').getSnapshot();
  port.emit({ type: 'scopeChanged', scope: summary('t', 2) });
  port.deliver('malformed');
  expect(client.scope('s').getSnapshot().summary).toBe(before.summary);
  expect(client.scopes.getSnapshot().map(({ id, revision }) => [id, revision])).toEqual([
    ['s', 2],
    ['t', 2],
  ]);
});

test('a transcript that counts its changes anew, in another engine, is read anew', async () => {
  const { client, port, transcriptOf, answer } = open(summary('s', 9));
  const reading = client.transcript('s');
  answer('s', 9, hello);
  await reading;
  port.restart({ scopes: [summary('s', 2)] });
  port.emit({ type: 'scopeChanged', scope: summary('s', 2) });
  answer('s', 2, []);
  expect(transcriptOf('s')).toMatchObject({ status: 'ready', revision: 2, messages: [] });
});

test('a transcript that changed unheard is read anew even if its reading has just ended', () => {
  const { client, port, answer } = open(summary('s', 2));
  void client.transcript('s');
  answer('s', 2, hello);
  port.lose({ type: 'scopeChanged', scope: summary('s', 3) });
  port.deliver('malformed');
  expect(port.sentOf('getTranscript')).toHaveLength(2);
});

test('a scope that comes to be with messages, as a fork does, has them read when somebody asks', async () => {
  const { client, port, transcriptOf, answer } = open();
  const read = port.snapshotsRead;
  port.emit({ type: 'scopeChanged', scope: summary('fork', 1) });
  expect(transcriptOf('fork').status).toBe('absent');
  expect(port.snapshotsRead).toBe(read);
  const reading = client.transcript('fork');
  answer('fork', 1, hello);
  await expect(reading).resolves.toEqual(hello);
});

test('a scope that was watched before it came to be with messages is read at once', () => {
  const { client, port, transcriptOf, answer } = open();
  client.scope('fork');
  port.emit({ type: 'scopeChanged', scope: summary('fork', 1) });
  expect(transcriptOf('fork').status).toBe('loading');
  port.emit({ type: 'scopeChanged', scope: summary('fork', 1) });
  expect(port.sentOf('getTranscript')).toHaveLength(1);
  answer('fork', 1, hello);
  expect(transcriptOf('fork')).toMatchObject({ status: 'ready', messages: hello });
});
