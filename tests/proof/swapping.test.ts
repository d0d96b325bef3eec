// The documentation of context swapping, call by call: its examples, and its limitations, which do not apply here.
import { type GenerateOptions, type GenerationState, Llama, LlamaParent, type ModelConfig } from '../../src';
import { installNodePort } from '../../src/testing';
import { endless, greedy, myName, tiny, tinyState, unloadTiny, whoAmI } from './tiny';
import { until } from './until';

const engine = installNodePort();
const fiveSlots: ModelConfig = { ...tiny, maxResident: 5, contextSize: 512 };
const names = ['alice', 'bob', 'carol', 'david', 'emma', 'frank'];
const moves = () => engine.client.log.getSnapshot().map(({ event }) => event.type);

function hereIs(name: string): string {
  return `my name is ${name}`;
}

afterEach(async () => {
  await engine.client.resume();
  await unloadTiny(engine.client);
});

test('high-level usage: two windows, one model, each remembers its own', async () => {
  const parent = new LlamaParent(engine.client, tiny);
  await parent.init();
  const before = tinyState(engine.client)?.loads;

  const chatWindowA = parent.getScope();
  const chatWindowB = parent.getScope();
  await chatWindowA.sendPrompt(myName.asks, greedy);
  await chatWindowB.sendPrompt(hereIs('bob'), greedy);
  expect(await chatWindowA.sendPrompt(whoAmI.asks, greedy)).toBe(whoAmI.gets);
  expect(await chatWindowB.sendPrompt(whoAmI.asks, greedy)).toBe('Your name is bob.');
  expect(tinyState(engine.client)?.loads).toBe(before);

  await chatWindowA.dispose();
  expect(engine.client.scopes.getSnapshot().map(({ id }) => id)).toEqual([chatWindowB.id]);
  await parent.dispose();
  expect(engine.client.scopes.getSnapshot()).toEqual([]);
  expect(tinyState(engine.client)?.status.type).toBe('unloaded');
});

test('low-level usage: slots are set, and the one that is set goes on where it was', async () => {
  const llama = new Llama(engine.client, tiny);

  llama.createSlot('user_1');
  llama.setSlot('user_1');
  llama.setPrompt(myName.asks);
  await llama.generateCompleteText(greedy);

  llama.createSlot('user_2');
  llama.setSlot('user_2');
  llama.setPrompt(hereIs('bob'));
  await llama.generateCompleteText(greedy);

  llama.setSlot('user_1');
  llama.setPrompt(whoAmI.asks);
  expect(await llama.generateCompleteText(greedy)).toBe(whoAmI.gets);

  llama.freeSlot('user_1');
  llama.setSlot('user_2');
  llama.setPrompt(whoAmI.asks);
  expect(await llama.generateCompleteText(greedy)).toBe('Your name is bob.');
  await llama.dispose();
  expect(engine.client.scopes.getSnapshot()).toEqual([]);
  expect(tinyState(engine.client)?.status.type).toBe('unloaded');
});

test('hot-swapping: a conversation is frozen, freed, and goes on in an empty slot', async () => {
  const llama = new Llama(engine.client, { ...tiny, maxResident: 1 });
  llama.createSlot('user_a');
  llama.setSlot('user_a');
  llama.setPrompt(myName.asks);
  await llama.generateCompleteText(greedy);
  const frozenState = llama.saveState();
  llama.freeSlot('user_a');

  llama.createSlot('user_b');
  llama.setSlot('user_b');
  llama.setPrompt(hereIs('bob'));
  await llama.generateCompleteText(greedy);

  llama.createSlot('user_a');
  llama.setSlot('user_a');
  llama.loadState(frozenState);
  llama.setPrompt(whoAmI.asks);
  expect(await llama.generateCompleteText(greedy)).toBe(whoAmI.gets);
  // The slot has a copy, so the state itself is unchanged.
  llama.setSlot('user_b');
  llama.loadState(frozenState);
  llama.setPrompt(whoAmI.asks);
  expect(await llama.generateCompleteText(greedy)).toBe(whoAmI.gets);
  await llama.dispose();
});

describe('Limitations', () => {
  test('VRAM Limits: a hundred users on five slots never throw, and nobody is mixed up', async () => {
    const llama = new Llama(engine.client, fiveSlots);
    const users = Array.from({ length: 100 }, (_, index) => ({
      slot: `user_${index}`,
      name: names[index % names.length] ?? '',
    }));
    const sayAs = (slot: string, text: string) => {
      llama.setSlot(slot);
      llama.setPrompt(text);
      return llama.generateCompleteText(greedy);
    };
    for (const { slot } of users) llama.createSlot(slot);
    const met = await Promise.all(users.map(({ slot, name }) => sayAs(slot, hereIs(name))));
    expect(met).toEqual(users.map(({ name }) => `Nice to meet you, ${name}.`));
    const asked = await Promise.all(users.map(({ slot }) => sayAs(slot, whoAmI.asks)));
    expect(asked).toEqual(users.map(({ name }) => `Your name is ${name}.`));
    await llama.dispose();
  });

  test('Queueing: four scopes are answered at once, their words in turns', async () => {
    const parent = new LlamaParent(engine.client, tiny);
    const answers = [1, 2, 3, 4].map(() => parent.getScope().stream('hello', endless));
    const order: string[] = [];
    answers.forEach((answer) => answer.subscribe(() => order.push(answer.id)));
    await Promise.all(answers.map((answer) => until(answer, ({ text }) => text.length > 20)));
    await engine.client.suspend({ deadlineMs: 0 });
    expect(answers.map((answer) => answer.getSnapshot().phase.type)).toEqual(Array(4).fill('decoding'));
    const lengths = () => answers.map((answer) => answer.getSnapshot().text.length);
    const seen = lengths();
    await engine.client.resume();
    await Promise.all(answers.map((answer, index) => until(answer, grownBeyond(seen[index]))));
    await engine.client.suspend({ deadlineMs: 0 });
    // Each conversation was answered again after every other one.
    for (const { id } of answers)
      expect(order.lastIndexOf(id)).toBeGreaterThan(Math.max(...answers.map((other) => order.indexOf(other.id))));
    await parent.dispose();
    await Promise.all(answers.map((answer) => expect(answer.result).resolves.toMatchObject({ reason: 'cancelled' })));
  });

  test('Shared Sampler: what a prompt asks for is what it alone gets, whoever else is answered beside it', async () => {
    const parent = new LlamaParent(engine.client, tiny);
    const wild: GenerateOptions = { temperature: 5, topK: 0, topP: 1, minP: 0, seed: 7, maxOutputTokens: 24 };
    const tell = (options: GenerateOptions) => parent.getScope().sendPrompt('hello', options);
    const [calmAlone, wildAlone, otherSeed] = [await tell(greedy), await tell(wild), await tell({ ...wild, seed: 8 })];
    expect(wildAlone).not.toBe(calmAlone);
    expect(wildAlone).not.toBe(otherSeed);
    expect(await Promise.all([tell(wild), tell(greedy), tell({ ...wild, seed: 8 })])).toEqual([
      wildAlone,
      calmAlone,
      otherSeed,
    ]);
    await parent.dispose();
  });
});

test('switching is instant: no scope moves, and nothing but the new message is prefilled', async () => {
  const parent = new LlamaParent(engine.client, tiny);
  const [a, b] = [parent.getScope(), parent.getScope()];
  const stays = parent.getScope();
  for (const scope of [a, b, stays]) await scope.sendPrompt(myName.asks, greedy);
  const { usage: stayed } = await stays.stream(whoAmI.asks, greedy).result;
  const before = moves().length;
  for (const scope of [a, b]) {
    const { usage } = await scope.stream(whoAmI.asks, greedy).result;
    expect(usage).toEqual(stayed);
    expect(usage.cachedTokens).toBeGreaterThan(usage.prefilledTokens);
  }
  expect(
    moves()
      .slice(before)
      .filter((type) => type.startsWith('scope')),
  ).toEqual([]);
  await parent.dispose();
});

test('a scope of a given id is the same object, and its conversation outlives the parent', async () => {
  const first = new LlamaParent(engine.client, tiny);
  const scope = first.getScope('diary');
  expect(first.getScope('diary')).toBe(scope);
  await scope.sendPrompt(myName.asks, greedy);
  await first.dispose();
  const second = new LlamaParent(engine.client, tiny);
  expect(await second.getScope('diary').sendPrompt(whoAmI.asks, greedy)).toBe(whoAmI.gets);
  await second.getScope('diary').dispose();
  expect(await engine.client.transcript('diary')).toEqual([]);
  await second.dispose();
});

test('a model that somebody else uses is left to them', async () => {
  const lease = engine.client.acquire(tiny, 'Screen');
  await lease.ready;
  const parent = new LlamaParent(engine.client, tiny);
  await parent.init();
  await parent.dispose();
  expect(tinyState(engine.client)?.status.type).toBe('ready');
  lease.release();
});

function grownBeyond(length = 0): (state: GenerationState) => boolean {
  return ({ text }) => text.length > length;
}
