// The ends of a tool run, and the results that it has by then.
import type { Outcome } from '../../protocol/generated';
import { beginTurn, type ScriptedPort } from '../../testing';
import type { Generation } from '../generations/Generation';
import type { LlamaClient } from '../LlamaClient';
import { ask, calling, lastAppended, model, open, settled } from './toolHarness';

test('a caller that goes on without waiting gets the results so far, and the tool is aborted', async () => {
  const { port, client, states } = open();
  const { signal, slow } = await calling(port, client);
  expect(signal.aborted).toBe(false);
  expect(client.endCalls('s')).toMatchObject([{ role: 'tool', content: 'done', toolName: 'quick' }]);
  expect(signal.aborted).toBe(true);
  expect(states()).toEqual([]);

  slow.end()?.resolve('too late');
  await settled();
  expect(port.sentOf('generate')).toHaveLength(1);
});

const goOn: [string, (client: LlamaClient, first: Generation) => unknown][] = [
  ['ended its calls', (client) => client.endCalls('s')],
  ['asked for something else', (client) => client.generate({ model, scope: 's', append: ask })],
  [
    'asked for something else, with tools',
    (client) => client.generateWithTools({ model, scope: 's', append: ask, tools: {} }),
  ],
  ['had it answered anew', (client) => client.generate({ model, scope: 's', messages: ask })],
  ['cut it', (client) => client.rewindTo('s', 0)],
  ['disposed of it', (client) => client.deleteScope('s')],
  ['erased everything', (client) => client.deleteAllScopes()],
];

test.each([
  ...goOn,
  ['cancelled the answer, too late', (_: LlamaClient, first: Generation) => first.cancel()] as const,
])('an answer calls nothing when the caller %s while it was written', async (_, goes) => {
  const { port, client } = open();
  const execute = jest.fn(() => 1);
  const first = client.generateWithTools({ model, scope: 's', append: ask, tools: { now: { execute } } });
  const turn = beginTurn(port);
  turn.call('now', {});
  goes(client, first);
  const asked = port.sentOf('generate').length;
  turn.finish();
  await settled();
  expect(execute).not.toHaveBeenCalled();
  expect(port.sentOf('generate')).toHaveLength(asked);
});

test.each([...goOn, ['closed the client', (client: LlamaClient) => client.close()] as const])(
  'a running tool is aborted when the caller %s, and nothing follows from it',
  async (_, goes) => {
    const { port, client, states } = open();
    const { signal, slow, first } = await calling(port, client);
    expect(states()).toEqual(['slow running']);
    goes(client, first);
    expect(signal.aborted).toBe(true);
    expect(states()).toEqual([]);
    const asked = port.sentOf('generate').length;
    slow.end()?.resolve('too late');
    await settled();
    expect(port.sentOf('generate')).toHaveLength(asked);
  },
);

test('a newer run is not ended by the older one’s end', async () => {
  const { port, client, states } = open();
  const { slow } = await calling(port, client);
  client.generateWithTools({
    model,
    scope: 's',
    append: ask,
    tools: { send: { needsApproval: true, execute: () => 'sent' } },
  });
  const turn = beginTurn(port);
  const id = turn.call('send', {});
  turn.finish();
  await settled();
  slow.end()?.resolve('too late');
  await settled();
  expect(states()).toEqual(['send waiting']);
  client.approveToolCall('s', id);
  await settled();
  expect(lastAppended(port)).toEqual([{ role: 'tool', content: 'sent', toolCallId: id }]);
});

test('the request’s signal ends the run between its answers', async () => {
  const { port, client, states } = open();
  const abort = new AbortController();
  const { signal, slow } = await calling(port, client, abort.signal);
  abort.abort();
  expect(signal.aborted).toBe(true);
  expect(states()).toEqual([]);
  slow.end()?.resolve('too late');
  await settled();
  expect(port.sentOf('generate')).toHaveLength(1);
});

test('the signal of a run that somebody ended leaves the newer one alone', async () => {
  const { port, client, states } = open();
  const abort = new AbortController();
  await calling(port, client, abort.signal);
  client.generateWithTools({
    model,
    scope: 's',
    append: ask,
    tools: { send: { needsApproval: true, execute: () => 'sent' } },
  });
  const turn = beginTurn(port);
  turn.call('send', {});
  turn.finish();
  await settled();
  abort.abort();
  expect(states()).toEqual(['send waiting']);
});

test('a call that waits for the user is never carried out after the end, and has no result', async () => {
  const { port, client } = open();
  const abort = new AbortController();
  const execute = jest.fn(() => 'sent');
  client.generateWithTools({
    model,
    scope: 's',
    append: ask,
    tools: { send: { needsApproval: true, execute } },
    signal: abort.signal,
  });
  const turn = beginTurn(port);
  const id = turn.call('send', {});
  turn.finish();
  await settled();
  abort.abort();
  client.approveToolCall('s', id);
  await settled();
  expect(execute).not.toHaveBeenCalled();
  expect(client.endCalls('s')).toEqual([]);
});

test.each<[string, Partial<Outcome>]>([
  ['fails', { reason: 'failed', error: { code: 'outOfMemory', detail: 'no room' } }],
  ['is cancelled', { reason: 'cancelled' }],
])('results go into the next turn when the one that had them %s', async (_, outcome) => {
  const { port, client } = open();
  const { slow } = await calling(port, client);
  slow.end()?.resolve('mail sent');
  await settled();
  const results = port.last('generate').append;
  expect(results?.map(({ content }) => content)).toEqual(['done', 'mail sent']);
  const second = beginTurn(port);
  // The turn may still be rolled back.
  expect(client.endCalls('s')).toEqual(results);
  second.finish(outcome);
  expect(client.endCalls('s')).toEqual(results);

  client.generate({ model, scope: 's', append: [...client.endCalls('s'), ...ask] });
  const third = beginTurn(port);
  third.finish();
  expect(client.endCalls('s')).toEqual([]);
});

test('results are in the conversation with an answer that was cut short and kept', async () => {
  const { port, client } = open();
  const { slow } = await calling(port, client, undefined, { keepPartial: true });
  slow.end()?.resolve('mail sent');
  await settled();
  const second = beginTurn(port);
  second.say('It is');
  second.finish({ reason: 'cancelled' });
  expect(client.endCalls('s')).toEqual([]);
});

test('a result that comes after the end goes into the next turn', async () => {
  const { port, client } = open();
  const { slow } = await calling(port, client);
  client.endCalls('s');
  slow.end()?.resolve('mail sent all the same');
  await settled();
  expect(client.endCalls('s').map(({ content }) => content)).toEqual(['done', 'mail sent all the same']);
});

test.each<[string, (client: LlamaClient) => Promise<void>, 'rewindTo' | 'deleteScope' | 'deleteAllScopes']>([
  ['cut', (client) => client.rewindTo('s', 0), 'rewindTo'],
  ['disposed of', (client) => client.deleteScope('s'), 'deleteScope'],
  ['erased', (client) => client.deleteAllScopes(), 'deleteAllScopes'],
])(
  'results are forgotten when their conversation has been %s, and not when that was refused',
  async (_, cut, command) => {
    const { port, client } = open();
    await calling(port, client);
    const refused = cut(client);
    port.answer(port.last(command), { code: 'busy', detail: 'a turn is under way' });
    await expect(refused).rejects.toThrow('a turn is under way');
    expect(client.endCalls('s')).toHaveLength(1);
    const done = cut(client);
    port.answer(port.last(command));
    await done;
    expect(client.endCalls('s')).toEqual([]);
  },
);

test.each<[string, (port: ScriptedPort) => void]>([
  ['is told of it', (port) => port.emit({ type: 'scopeDeleted', scope: 's' })],
  [
    'reads so in a snapshot',
    (port) => {
      port.lose({ type: 'scopeDeleted', scope: 's' });
      port.deliver('malformed');
    },
  ],
])('nothing follows from a tool whose conversation another client deleted, once the client %s', async (_, dispose) => {
  const { port, client, states } = open();
  const { signal, slow } = await calling(port, client);
  dispose(port);
  expect(signal.aborted).toBe(true);
  expect(states()).toEqual([]);
  slow.end()?.resolve('too late');
  await settled();
  expect(port.sentOf('generate')).toHaveLength(1);
  expect(client.endCalls('s')).toEqual([]);
});

test('a conversation that begins anew under the name of one that goes keeps its run', async () => {
  const { port, client } = open();
  await calling(port, client);
  void client.deleteScope('s');
  const execute = jest.fn(() => 'now');
  client.generateWithTools({ model, scope: 's', append: ask, tools: { now: { execute } } });
  port.emit({ type: 'scopeDeleted', scope: 's' });
  port.answer(port.last('deleteScope'));
  const turn = beginTurn(port);
  turn.call('now', {});
  turn.finish();
  await settled();
  expect(execute).toHaveBeenCalledTimes(1);
  expect(port.sentOf('generate')).toHaveLength(3);
});
