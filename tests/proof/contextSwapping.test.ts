// One copy of the weights and many conversations: the promises of context swapping, and its three limitations.
import type { GenerateOptions, Generation } from '../../src';
import { installNodePort } from '../../src/testing';
import { endless, greedy, myName, tiny, tinyState, whoAmI } from './tiny';
import { until } from './until';

const engine = installNodePort();

function ask(scope: string, text: string, options: GenerateOptions = greedy): Generation {
  return engine.client.generate({ model: tiny, scope, append: [{ role: 'user', content: text }], options });
}

const bob = { asks: 'my name is bob', gets: 'Nice to meet you, bob.' };

afterEach(async () => {
  await engine.client.resume();
  await engine.client.unload(tiny.path);
});

test('two conversations share one model, and each remembers its own', async () => {
  const before = tinyState(engine.client)?.loads ?? 0;
  expect((await ask('window A', myName.asks).result).text).toBe(myName.gets);
  expect((await ask('window B', bob.asks).result).text).toBe(bob.gets);
  expect((await ask('window A', whoAmI.asks).result).text).toBe(whoAmI.gets);
  expect((await ask('window B', whoAmI.asks).result).text).toBe('Your name is bob.');
  expect((tinyState(engine.client)?.loads ?? 0) - before).toBe(1);
});

test('switching is instant: a return costs what staying costs, the new message and nothing else', async () => {
  await ask('stays', myName.asks).result;
  const stayed = await ask('stays', whoAmI.asks).result;
  await ask('switches', myName.asks).result;
  await ask('elsewhere', bob.asks).result;
  const switched = await ask('switches', whoAmI.asks).result;
  expect(switched.usage).toEqual(stayed.usage);
  expect(switched.usage.cachedTokens).toBeGreaterThan(0);
});

test('a conversation that is disposed of is forgotten, and the others are not', async () => {
  await ask('kept', myName.asks).result;
  await ask('freed', bob.asks).result;
  await engine.client.deleteScope('freed');
  expect((await ask('kept', whoAmI.asks).result).text).toBe(whoAmI.gets);
  expect(await engine.client.transcript('freed')).toEqual([]);
  expect((await ask('freed', 'hello').result).usage.cachedTokens).toBe(0);
});

describe('Limitations', () => {
  test('VRAM Limits: a conversation too many throws nothing, and the one that made room comes back by itself', async () => {
    await ask('first', myName.asks).result;
    for (const scope of ['second', 'third', 'fourth', 'fifth']) await ask(scope, bob.asks).result;
    const { text, usage } = await ask('first', whoAmI.asks).result;
    expect(text).toBe(whoAmI.gets);
    expect(usage.cachedTokens).toBeGreaterThan(0);
    const moves = engine.client.log.getSnapshot().map(({ event }) => event);
    expect(moves).toContainEqual({ type: 'scopeParked', scope: 'first', bytes: expect.any(Number) as number });
    expect(moves).toContainEqual({ type: 'scopeRestored', scope: 'first' });
  });

  test('Queueing: two conversations are answered at the same time', async () => {
    const answers = [ask('left', 'hello', endless), ask('right', 'hello', endless)];
    await Promise.all(answers.map((answer) => until(answer, ({ text }) => text !== '')));
    // The engine stands still, and neither answer has ended: a queue would not show text of both.
    await engine.client.suspend({ deadlineMs: 0 });
    expect(answers.map((answer) => answer.getSnapshot().phase.type)).toEqual(['decoding', 'decoding']);
    await Promise.all(answers.map((answer) => answer.cancel()));
  });

  test('Shared Sampler: what one request asks for changes no other', async () => {
    const stubborn: GenerateOptions = { ...endless, maxOutputTokens: 40 };
    const [repeats, calm] = [ask('repeats', 'hello', stubborn), ask('calm', myName.asks)];
    expect((await calm.result).text).toBe(myName.gets);
    expect((await repeats.result).reason).toBe('length');
    expect((await ask('repeats', myName.asks).result).text).toBe(myName.gets);
  });
});
