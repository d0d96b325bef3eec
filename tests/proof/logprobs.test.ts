// Compares the log probabilities of the real model's tokens with those of the same text in another turn.
import type { GenerationResult } from '../../src';
import { installNodePort } from '../../src/testing';
import { greedy, myName, tiny, unloadTiny } from './tiny';

const engine = installNodePort();
afterEach(async () => {
  await engine.client.deleteAllScopes();
  await unloadTiny(engine.client);
});

/** Resolves to one greedy answer, with every token and the five likeliest in its place. */
function ask(scope: string, options = {}): Promise<GenerationResult> {
  const append = [{ role: 'user' as const, content: myName.asks }];
  return engine.client.generate({ model: tiny, scope, append, options: { ...greedy, logprobs: 5, ...options } }).result;
}

test('the tokens of an answer are told, each with the likeliest in its place', async () => {
  const { text, usage, logprobs = [] } = await ask('a');
  expect(logprobs.map((token) => token.text).join('')).toBe(text);
  expect(logprobs).toHaveLength(usage.outputTokens);
  for (const { token, logprob, top } of logprobs) {
    expect(top).toHaveLength(5);
    expect(top[0]).toMatchObject({ token, logprob });
    expect(top.map((other) => other.logprob)).toEqual(top.map((other) => other.logprob).sort((a, b) => b - a));
    const share = top.reduce((sum, other) => sum + Math.exp(other.logprob), 0);
    expect(share).toBeGreaterThan(Math.exp(logprob) - 1e-6);
    expect(share).toBeLessThanOrEqual(1 + 1e-5);
  }
});

test('a token is as likely as where the text before it is given', async () => {
  const { client } = engine;
  const { logprobs = [] } = await ask('a');
  const { text: question } = await client.applyChatTemplate(tiny, [{ role: 'user', content: myName.asks }]);
  for (const [index, told] of logprobs.entries()) {
    const prompt =
      question +
      logprobs
        .slice(0, index)
        .map((token) => token.text)
        .join('');
    const options = { ...greedy, logprobs: 0, maxOutputTokens: 1 };
    const { logprobs: [again] = [] } = await client.generate({ model: tiny, scope: `at ${index}`, prompt, options })
      .result;
    expect(again?.token).toBe(told.token);
    expect(again?.top).toEqual([]);
    expect(again?.logprob).toBeCloseTo(told.logprob, 2);
  }
});

test('a token that a grammar forces is as unlikely as the model finds it', async () => {
  const plain = await ask('a');
  const { text, logprobs = [] } = await ask('b', { responseFormat: { type: 'grammar', gbnf: 'root ::= "Your"' } });
  expect(text).toBe('Your');
  expect(logprobs[0]?.top).toEqual(plain.logprobs?.[0]?.top);
  expect(logprobs[0]?.logprob).toBeLessThan(plain.logprobs?.[0]?.logprob ?? -Infinity);
});

test('nothing is told where nobody asked', async () => {
  expect(await ask('a', { logprobs: undefined })).not.toHaveProperty('logprobs');
});
