// Tokens, texts and prompts of the real model, without a conversation.
import { installNodePort } from '../../src/testing';
import { tiny, tinyState, unloadTiny } from './tiny';

const engine = installNodePort();
afterEach(() => unloadTiny(engine.client));

test('a text and its tokens are one, and a prompt is made of them', async () => {
  const { client } = engine;
  const text = 'my name is alice';
  const tokens = await client.tokenize(tiny, text);
  expect(tokens.length).toBeGreaterThan(1);
  expect(Object.isFrozen(tokens)).toBe(true);
  expect(await client.detokenize(tiny, tokens)).toBe(text);

  const prompt = await client.renderPrompt(tiny, [{ role: 'user', content: text }]);
  expect(prompt.text).toContain(text);
  expect(prompt.template).toContain('messages');
  expect(await client.tokenize(tiny, prompt.text, { special: true })).toHaveLength(prompt.tokenCount);
  expect((await client.tokenize(tiny, prompt.text)).length).toBeGreaterThan(prompt.tokenCount);
  expect(client.scopes.getSnapshot()).toEqual([]);
});

test('questions that are asked at once share one load, and leave no lease behind', async () => {
  const { client } = engine;
  const before = tinyState(client)?.loads ?? 0;
  const texts = ['one', 'two', 'three', 'four'];
  const all = await Promise.all(texts.map(async (text) => client.detokenize(tiny, await client.tokenize(tiny, text))));
  expect(all).toEqual(texts);
  expect(tinyState(client)).toMatchObject({ loads: before + 1, leases: [] });
});

test('what no vocabulary has is refused, and so is a model that is not there', async () => {
  const { client } = engine;
  await expect(client.detokenize(tiny, [0, 1_000_000])).rejects.toMatchObject({ code: 'invalidOptions', detail: expect.stringContaining('tokens[1]') as unknown });
  await expect(client.tokenize({ path: '/no/such.gguf' }, 'hi')).rejects.toMatchObject({ code: 'modelNotFound' });
});
