// Words that are still being spoken are prefilled as they come, on the real engine. The turn prefills only the rest,
// and its answer is the same as without that.
import { act, renderHook } from '@testing-library/react-native';
import type { ReactNode } from 'react';

import { LlamaProvider, useLlamaChat } from '../../src';
import { installNodePort } from '../../src/testing';
import { endless, greedy, myName, tiny, unloadTiny, whoAmI } from './tiny';
import { until } from './until';

const engine = installNodePort();
afterEach(() => unloadTiny(engine.client));

const user = (content: string) => [{ role: 'user' as const, content }];

async function say(scope: string, text: string) {
  return engine.client.generate({ model: tiny, scope, append: user(text), options: greedy }).result;
}

test('a turn that was prefilled word by word costs the rest, and changes no answer', async () => {
  const { client } = engine;
  for (const scope of ['prepared', 'plain']) await say(scope, myName.asks);
  const plain = await say('plain', whoAmI.asks);

  const before = await client.transcript('prepared');
  const { summary } = client.scope('prepared').getSnapshot();
  let computed = 0;
  for (const heard of ['', 'what', 'what is', 'what is my na']) {
    const { prefilledTokens } = await client.prefill({ scope: 'prepared', append: user(heard), open: true });
    computed += prefilledTokens;
  }
  expect(computed).toBeGreaterThan(0);
  expect(await client.transcript('prepared')).toBe(before);
  expect(client.scope('prepared').getSnapshot().summary).toMatchObject({
    revision: summary?.revision,
    lastUsedAt: summary?.lastUsedAt,
  });

  const prepared = await say('prepared', whoAmI.asks);
  expect(prepared.text).toBe(whoAmI.gets);
  expect(prepared.text).toBe(plain.text);
  expect(prepared.usage.prefilledTokens).toBe(plain.usage.prefilledTokens - computed);
});

test('a guess makes way for a turn, and is refused while one runs', async () => {
  const { client } = engine;
  await say('turns', myName.asks);
  const guess = client.prefill({ scope: 'turns', append: user('what is '.repeat(400)) });
  const turn = client.generate({ model: tiny, scope: 'turns', append: user(whoAmI.asks), options: endless });
  await expect(guess).rejects.toMatchObject({ code: 'cancelled' });
  await until(turn, ({ text }) => text !== '');
  await expect(client.prefill({ scope: 'turns', append: user('and') })).rejects.toMatchObject({ code: 'busy' });
  await turn.cancel();
  await expect(client.prefill({ scope: 'nobody', append: user('and') })).rejects.toMatchObject({
    code: 'scopeNotFound',
  });
});

test('the hook prepares what a recogniser hears, and the answer comes all the same', async () => {
  const { client } = engine;
  await say('hook', myName.asks);
  const cached = client.scope('hook').getSnapshot().summary?.cachedTokens ?? 0;
  const wrapper = ({ children }: { children: ReactNode }) => <LlamaProvider client={client}>{children}</LlamaProvider>;
  const { result, unmount } = await renderHook(() => useLlamaChat({ model: tiny, scope: 'hook', options: greedy }), {
    wrapper,
  });
  await act(() => ['', 'what', 'what is', 'what is my na'].forEach(result.current.prefill));
  await until(client.scope('hook'), ({ summary }) => (summary?.cachedTokens ?? 0) > cached + 3);
  let answer = '';
  await act(async () => {
    answer = (await result.current.send(whoAmI.asks).result).text;
  });
  expect(answer).toBe(whoAmI.gets);
  expect(result.current).toMatchObject({ status: 'ready', error: undefined });
  await unmount();
});
