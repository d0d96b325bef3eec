// Tokens, texts and prompts of the real model, without a conversation.
import { installNodePort } from '../../src/testing';
import { greedy, myName, tiny, tinyState, unloadTiny, whoAmI } from './tiny';

const engine = installNodePort();
afterEach(async () => {
  await engine.client.deleteAllScopes();
  await unloadTiny(engine.client);
});

test('a text and its tokens are one, and a prompt is made of them', async () => {
  const { client } = engine;
  const text = 'my name is alice';
  const tokens = await client.tokenize(tiny, text);
  expect(tokens.length).toBeGreaterThan(1);
  expect(Object.isFrozen(tokens)).toBe(true);
  expect(await client.detokenize(tiny, tokens)).toBe(text);

  const prompt = await client.applyChatTemplate(tiny, [{ role: 'user', content: text }]);
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

test('a token outside the vocabulary is refused, and so is a missing model', async () => {
  const { client } = engine;
  await expect(client.detokenize(tiny, [0, 1_000_000])).rejects.toMatchObject({
    code: 'invalidOptions',
    detail: expect.stringContaining('tokens[1]') as unknown,
  });
  await expect(client.tokenize({ path: '/no/such.gguf' }, 'hi')).rejects.toMatchObject({ code: 'modelNotFound' });
});

test('a prompt that a template has written is answered as its messages are', async () => {
  const { client } = engine;
  const { text: prompt, tokenCount } = await client.applyChatTemplate(tiny, [{ role: 'user', content: myName.asks }]);
  const { text, usage } = await client.generate({ model: tiny, scope: 'raw', prompt, options: greedy }).result;
  expect(text).toBe(myName.gets);
  expect(usage.promptTokens).toBe(tokenCount);
  expect(await client.transcript('raw')).toEqual([
    { role: 'user', content: prompt },
    { role: 'assistant', content: text },
  ]);

  // A prompt that continues the conversation is cached, except its new part and the answer's last token.
  const next = await client.applyChatTemplate(tiny, [
    { role: 'user', content: myName.asks },
    { role: 'assistant', content: text },
    { role: 'user', content: whoAmI.asks },
  ]);
  const second = await client.generate({ model: tiny, scope: 'raw', prompt: next.text, options: greedy }).result;
  expect(second.text).toBe(whoAmI.gets);
  expect(second.usage.cachedTokens).toBeGreaterThanOrEqual(tokenCount + usage.outputTokens - 1);
});

test('nothing of a prompt is changed on the way, and its answer may have a form', async () => {
  const { client } = engine;
  for (const prompt of ['\n\n  once upon a time  \n', '{{ user }}<|im_end|>', ' ']) {
    const options = { ...greedy, responseFormat: { type: 'grammar' as const, gbnf: 'root ::= "yes" | "no"' } };
    const { text, usage } = await client.generate({ model: tiny, scope: 'raw', prompt, options }).result;
    expect(['yes', 'no']).toContain(text);
    expect(usage.promptTokens).toBe((await client.tokenize(tiny, prompt, { special: true })).length);
  }
});
