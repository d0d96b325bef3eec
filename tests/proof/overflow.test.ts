// Conversations that outgrow their context, on the real engine.
import { LlamaError, type ModelConfig } from '../../src';
import { installNodePort } from '../../src/testing';
import { endless, greedy, myName, tiny, unloadTiny, whoAmI } from './tiny';

const engine = installNodePort();
const small: ModelConfig = { ...tiny, contextSize: 256 };
const system = 'Be brief.';

afterEach(() => unloadTiny(engine.client));

function ask(scope: string, text: string, overflow?: 'dropOldest' | 'error') {
  const { client } = engine;
  const isFirst = client.scope(scope).getSnapshot().summary === undefined;
  const messages = isFirst ? [{ role: 'system' as const, content: system }] : [];
  const append = [...messages, { role: 'user' as const, content: text }];
  return client.generate({ model: small, scope, append, overflow, options: greedy }).result;
}

function recorded(type: string, scope: string) {
  const events = engine.client.log.getSnapshot().map(({ event }) => event);
  return events.filter((event) => event.type === type && 'scope' in event && event.scope === scope);
}

test('a chat goes on for ever: the oldest turns are left out, and the transcript keeps them', async () => {
  const { client } = engine;
  await ask('long', 'my name is bob');
  for (let turn = 0; turn < 20; turn += 1) await ask('long', 'hello');
  expect((await ask('long', myName.asks)).text).toBe(myName.gets);
  expect((await ask('long', whoAmI.asks)).text).toBe(whoAmI.gets);

  const { messageCount, droppedMessages = 0 } = client.scope('long').getSnapshot().summary ?? {};
  expect(messageCount).toBe(1 + 2 * 23);
  expect(droppedMessages).toBeGreaterThan(2);
  const transcript = await client.transcript('long');
  expect(transcript.slice(0, 2).map(({ content }) => content)).toEqual([system, 'my name is bob']);
  const shifts = recorded('scopeShifted', 'long');
  expect(shifts[shifts.length - 1]).toEqual({ type: 'scopeShifted', scope: 'long', droppedMessages });
  expect(recorded('scopeNearlyFull', 'long').length).toBeGreaterThan(0);
});

test('between two shifts a turn prefills only what is new', async () => {
  const turns = [];
  for (let turn = 0; turn < 20; turn += 1) turns.push(await ask('cheap', 'hello'));
  const again = turns.slice(1).filter(({ usage }) => usage.prefilledTokens > usage.cachedTokens);
  expect(again.length).toBeLessThanOrEqual(recorded('scopeShifted', 'cheap').length);
});

test('where it is to be an error, the turn fails and the chat is as it was', async () => {
  const { client } = engine;
  const failure = await (async () => {
    for (let turn = 0; turn < 30; turn += 1) await ask('strict', 'hello', 'error');
    return undefined;
  })().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(LlamaError);
  expect(failure).toMatchObject({ code: 'contextFull' });
  const { messageCount = 0, droppedMessages } = client.scope('strict').getSnapshot().summary ?? {};
  expect({ odd: messageCount % 2, droppedMessages }).toEqual({ odd: 1, droppedMessages: 0 });
});

test('a message longer than the context is an error that leaves the chat as it was', async () => {
  const { client } = engine;
  await ask('talker', myName.asks);
  const before = client.scope('talker').getSnapshot().summary;
  await expect(ask('talker', 'hello '.repeat(600))).rejects.toMatchObject({ code: 'contextFull' });
  const after = client.scope('talker').getSnapshot().summary;
  expect(after).toMatchObject({ messageCount: before?.messageCount, droppedMessages: 0 });
  expect((await ask('talker', whoAmI.asks)).text).toBe(whoAmI.gets);
});

test('an answer that fills the context ends with its length', async () => {
  const { client } = engine;
  const append = [{ role: 'user' as const, content: 'hello' }];
  const { reason } = await client.generate({ model: small, scope: 'full', append, options: endless }).result;
  expect(reason).toBe('length');
});
