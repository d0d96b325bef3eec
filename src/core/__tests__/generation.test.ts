import { beginTurn, manualScheduler, scriptedPort } from '../../testing';
import type { Generation } from '../generations/Generation';
import { LlamaClient } from '../LlamaClient';
import { messagesOf } from '../scopes/messagesOf';

const request = { model: { path: 'a' }, scope: 's', append: [{ role: 'user' as const, content: 'Hi' }] };

function open(world: Parameters<typeof scriptedPort>[0] = {}) {
  const port = scriptedPort(world);
  return { port, client: new LlamaClient(port, { scheduler: manualScheduler() }) };
}

async function read(generation: Generation): Promise<string[]> {
  const pieces: string[] = [];
  for await (const piece of generation) pieces.push(piece);
  return pieces;
}

test('the command carries what was asked, and nothing that was not', () => {
  const { client, port } = open();
  const { id } = client.generate({ ...request, options: { seed: 7 } });
  const { requestId, ...command } = port.last('generate');
  expect(command).toEqual({ type: 'generate', generationId: id, ...request, options: { seed: 7 } });
  client.generate({ model: { path: 'a' }, scope: 's', messages: request.append });
  expect(port.last('generate')).not.toHaveProperty('append');
  expect(port.last('generate').requestId).not.toBe(requestId);
});

test('a prompt is sent as it is, and shown as the message that it becomes', () => {
  const { client, port } = open();
  const { id, sent } = client.generate({ model: { path: 'a' }, scope: 's', prompt: 'Once upon' });
  const { requestId, ...command } = port.last('generate');
  expect(command).toEqual({
    type: 'generate',
    generationId: id,
    model: { path: 'a' },
    scope: 's',
    prompt: 'Once upon',
    options: {},
  });
  expect(requestId).not.toBe('');
  expect(sent).toEqual({ messages: [{ role: 'user', content: 'Once upon' }] });
  beginTurn(port).say(' a time');
  expect(messagesOf(client.scope('s').getSnapshot())).toMatchObject([
    { content: 'Once upon' },
    { content: ' a time', generationId: id },
  ]);
});

test('text that arrives in the answer to the command is not missed', async () => {
  const { client, port } = open();
  const generation = client.generate(request);
  const turn = beginTurn(port);
  turn.say('Hello');
  const pieces = read(generation);
  await Promise.resolve();
  turn.say(', Alice');
  turn.finish();
  expect((await pieces).join('')).toBe('Hello, Alice');
  await expect(generation.result).resolves.toMatchObject({
    text: 'Hello, Alice',
    reason: 'stop',
    usage: { outputTokens: 2 },
  });
});

test('a call that was cut short is no call of the answer, and one that nobody knows does not fit', async () => {
  const { client, port } = open();
  const generation = client.generate(request);
  const turn = beginTurn(port);
  const cut = {
    type: 'toolCallDelta' as const,
    generationId: turn.id,
    index: 0,
    id: 'cut',
    name: 'look',
    offset: 0,
    arguments: '{"a',
  };
  port.emit(cut, { ...cut, index: 1, id: 'whole', arguments: '{}' });
  port.emit({ type: 'toolCallDropped', generationId: turn.id, index: 0 });
  expect(generation.dropCall(1)).toBe(false);
  turn.finish({ reason: 'stop' });
  expect((await generation.result).toolCalls).toEqual([{ id: 'whole', name: 'look', arguments: '{}' }]);
});

test('each iteration has its own place, also one that begins after the end', async () => {
  const { client, port } = open();
  const generation = client.generate(request);
  const turn = beginTurn(port);
  turn.say('one');
  const early = read(generation);
  turn.say(' two');
  turn.finish();
  expect((await early).join('')).toBe('one two');
  expect(await read(generation)).toEqual(['one two']);
});

test('a piece that waits for text gets all that came meanwhile', async () => {
  const { client, port } = open();
  const iterator = client.generate(request)[Symbol.asyncIterator]();
  const first = iterator.next();
  const turn = beginTurn(port);
  turn.say('a');
  turn.say('b');
  expect(await first).toEqual({ done: false, value: 'ab' });
  const second = iterator.next();
  turn.finish();
  expect(await second).toEqual({ done: true, value: undefined });
});

test('an engine without Symbol.asyncIterator iterates by the other name', async () => {
  const { client, port } = open();
  const generation = client.generate(request);
  beginTurn(port).say('Hello');
  expect(await generation['@@asyncIterator']().next()).toEqual({ done: false, value: 'Hello' });
});

test('leaving an iteration does not end the generation', async () => {
  const { client, port } = open();
  const generation = client.generate(request);
  const turn = beginTurn(port);
  turn.say('Hello');
  for await (const piece of generation) {
    expect(piece).toBe('Hello');
    break;
  }
  expect(port.sentOf('cancel')).toHaveLength(0);
  turn.finish();
  await expect(generation.result).resolves.toMatchObject({ text: 'Hello' });
});

test('an iteration that was left stays at its end', async () => {
  const { client, port } = open();
  const iterator = client.generate(request)[Symbol.asyncIterator]();
  await iterator.return?.();
  beginTurn(port).say('Hello');
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
});

test('a failure is thrown after the text that came before it', async () => {
  const { client, port } = open();
  const generation = client.generate(request);
  const turn = beginTurn(port);
  turn.say('Hel');
  const error = { code: 'inferenceFailed', detail: 'llama.cpp failed' } as const;
  turn.finish({ reason: 'failed', error });
  const pieces: string[] = [];
  const reading = (async () => {
    for await (const piece of generation) pieces.push(piece);
  })();
  await expect(reading).rejects.toMatchObject(error);
  expect(pieces).toEqual(['Hel']);
  await expect(generation.result).rejects.toMatchObject(error);
});

test('a failure without a reason is still an error', async () => {
  const { client, port } = open();
  const generation = client.generate(request);
  beginTurn(port).finish({ reason: 'failed' });
  await expect(generation.result).rejects.toMatchObject({ code: 'inferenceFailed' });
});

test('a refused command is the failure of its generation, once', async () => {
  const { client, port } = open();
  const generation = client.generate(request);
  const settled = jest.fn();
  generation.result.then(settled, settled);
  port.answer(port.last('generate'), { code: 'busy', detail: 'full' });
  client.close();
  await expect(generation.result).rejects.toMatchObject({ code: 'busy' });
  expect(generation.getSnapshot().phase).toMatchObject({
    type: 'finished',
    outcome: { reason: 'failed', error: { code: 'busy' } },
  });
  expect(settled).toHaveBeenCalledTimes(1);
});

test('cancel resolves when the generation has ended, and result has the text so far', async () => {
  const { client, port } = open();
  const generation = client.generate(request);
  const turn = beginTurn(port);
  turn.say('Hel');
  const cancelled = generation.cancel();
  const command = port.last('cancel');
  expect(command.generationId).toBe(generation.id);
  turn.finish({ reason: 'cancelled' });
  port.answer(command);
  await cancelled;
  await expect(generation.result).resolves.toMatchObject({ reason: 'cancelled', text: 'Hel' });
});

test('cancelling what has ended does nothing', async () => {
  const { client, port } = open();
  const generation = client.generate(request);
  beginTurn(port).finish();
  await generation.cancel();
  expect(port.sentOf('cancel')).toHaveLength(0);
});

test('cancelling what ends meanwhile is no error, another refusal is', async () => {
  const { client, port } = open();
  const generation = client.generate(request);
  const first = generation.cancel();
  port.answer(port.last('cancel'), { code: 'generationNotFound', detail: 'forgotten' });
  await expect(first).resolves.toBeUndefined();
  const second = generation.cancel();
  port.answer(port.last('cancel'), { code: 'invalidCommand', detail: 'no' });
  await expect(second).rejects.toMatchObject({ code: 'invalidCommand' });
});

test('an abort signal cancels, before or during, and is left at the end', async () => {
  const { client, port } = open();
  const controller = new AbortController();
  const generation = client.generate({ ...request, signal: controller.signal });
  expect(port.sentOf('cancel')).toHaveLength(0);
  controller.abort();
  expect(port.last('cancel').generationId).toBe(generation.id);
  const second = client.generate({ ...request, signal: controller.signal });
  expect(port.last('cancel').generationId).toBe(second.id);
  const signal = { aborted: false, addEventListener: jest.fn(), removeEventListener: jest.fn() };
  const third = client.generate({ ...request, signal });
  beginTurn(port).finish();
  await third.result;
  expect(signal.removeEventListener.mock.calls).toEqual(signal.addEventListener.mock.calls);
});

test('a running generation is found in the first snapshot and goes on', async () => {
  const state = {
    id: 'g',
    scope: 's',
    model: 'a',
    phase: { type: 'decoding' as const },
    text: 'so ',
    reasoning: '',
    toolCalls: [],
  };
  const { client, port } = open({ generations: [state] });
  const generation = client.generation('g');
  expect(generation?.getSnapshot()).toEqual(state);
  port.emit({ type: 'textDelta', generationId: 'g', offset: 3, text: 'far' });
  expect(generation?.getSnapshot().text).toBe('so far');
  expect(client.scope('s').getSnapshot().generations).toEqual([generation]);
});

test('text that is known already is not added again; a hole is filled by a snapshot', () => {
  const state = {
    id: 'g',
    scope: 's',
    model: 'a',
    phase: { type: 'decoding' as const },
    text: 'abc',
    reasoning: '',
    toolCalls: [],
  };
  const { client, port } = open({ generations: [state] });
  const delta = (seq: number, offset: number, text: string) =>
    port.deliver(
      JSON.stringify({ epoch: 'script-1', events: [{ seq, type: 'textDelta', generationId: 'g', offset, text }] }),
    );
  delta(1, 1, 'bcd');
  expect(client.generation('g')?.getSnapshot().text).toBe('abcd');
  delta(2, 0, 'ab');
  expect(client.generation('g')?.getSnapshot().text).toBe('abcd');
  const read = port.snapshotsRead;
  delta(3, 9, 'z');
  expect(port.snapshotsRead).toBe(read + 1);
});

test('how likely tokens were is told once each, from a snapshot on', async () => {
  const logprob = (token: number) => ({ token, text: `t${token}`, logprob: -1 - token, top: [] });
  const state = {
    id: 'g',
    scope: 's',
    model: 'a',
    phase: { type: 'decoding' as const },
    text: '',
    reasoning: '',
    toolCalls: [],
    logprobs: [logprob(0)],
  };
  const { client, port } = open({ generations: [state] });
  const delta = (seq: number, offset: number, ...tokens: number[]) =>
    port.deliver(
      JSON.stringify({
        epoch: 'script-1',
        events: [{ seq, type: 'logprobsDelta', generationId: 'g', offset, logprobs: tokens.map(logprob) }],
      }),
    );
  const generation = client.generation('g');
  delta(1, 0, 0, 1);
  delta(2, 2, 2);
  expect(generation?.getSnapshot().logprobs).toEqual([0, 1, 2].map(logprob));
  const read = port.snapshotsRead;
  delta(3, 5, 5);
  expect(port.snapshotsRead).toBe(read + 1);
});

test('news of a generation that nobody knows is passed over', () => {
  const { client, port } = open();
  const tell = (seq: number, event: object) =>
    port.deliver(JSON.stringify({ epoch: 'script-1', events: [{ seq, ...event }] }));
  tell(1, { type: 'textDelta', generationId: 'x', offset: 5, text: 'z' });
  tell(2, { type: 'phaseChanged', generationId: 'x', phase: { type: 'decoding' } });
  tell(3, { type: 'logprobsDelta', generationId: 'x', offset: 3, logprobs: [] });
  expect(client.generation('x')).toBeUndefined();
  expect(port.snapshotsRead).toBe(1);
});

test('finished generations are remembered for a while, sixteen of them', () => {
  const { client, port } = open();
  const generations = Array.from({ length: 20 }, () => {
    const generation = client.generate(request);
    beginTurn(port).finish();
    return generation;
  });
  expect(generations.map(({ id }) => client.generation(id) !== undefined)).toEqual([
    ...Array<boolean>(4).fill(false),
    ...Array<boolean>(16).fill(true),
  ]);
});

test('replay reads text from an offset on', async () => {
  const { client, port } = open();
  const text = client.replay('g', 3);
  const { requestId, generationId, offset } = port.last('replay');
  port.emit({ type: 'replay', requestId, generationId, offset, text: 'rest' });
  await expect(text).resolves.toBe('rest');
});

test('ids differ between clients and between kinds', () => {
  const ids = [open(), open()].flatMap(({ client, port }) => {
    const { id } = client.generate(request);
    return [id, port.last('generate').requestId];
  });
  expect(new Set(ids).size).toBe(4);
});

test('messages that were sent stay their sender’s, with the calls in them', () => {
  const { client } = open();
  const call = { id: 'c1', name: 'time', arguments: '{}' };
  const answer = { role: 'assistant' as const, content: '', toolCalls: [call] };
  const generation = client.generate({ model: { path: 'a' }, scope: 's', messages: [answer] });
  call.arguments = '{"zone":"CET"}';
  expect(generation.sent.messages).toEqual([
    { role: 'assistant', content: '', toolCalls: [{ id: 'c1', name: 'time', arguments: '{}' }] },
  ]);
});
