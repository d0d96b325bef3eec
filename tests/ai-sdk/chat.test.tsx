// useLlamaVercelChat on the real engine: a component's life does not affect an answer of the AI SDK.
import { render } from '@testing-library/react-native';
import type { UIMessage } from 'ai';

import { LlamaProvider } from 'react-native-llama-rs';
import { useLlamaVercelChat, type UseLlamaVercelChat } from 'react-native-llama-rs/ai-sdk';
import { installNodePort } from 'react-native-llama-rs/testing';
import { holdAnswer, holdNextAnswer } from '../proof/holdAnswer';
import { Seen } from '../proof/Seen';
import { endless, myName, tiny, tinyState, unloadTiny, whoAmI } from '../proof/tiny';

const engine = installNodePort({ manager: 'global' });
// As in an app, the AI SDK updates React by itself whenever a stream yields a part.
beforeAll(() => Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false }));
// Also before the first test, because other files of the same worker use this manager.
beforeEach(begin);
afterEach(begin);

async function begin() {
  await engine.client.resume();
  await engine.client.deleteAllScopes();
  await unloadTiny(engine.client);
}

const { temperature, repeatPenalty = 1 } = endless;
const settings = {
  greedy: { temperature: 0 },
  endless: { temperature, providerOptions: { llama: { repeatPenalty } } },
};

interface ScreenProps {
  seen: Seen<UseLlamaVercelChat>;
  scope: string;
  mood?: keyof typeof settings;
}

function Screen({ seen, scope, mood = 'greedy' }: ScreenProps) {
  seen.note(useLlamaVercelChat({ model: tiny, scope, settings: settings[mood] }));
  return null;
}

const app = (...screens: ScreenProps[]) => (
  <LlamaProvider client={engine.client}>
    {screens.map((props, index) => (
      <Screen key={index} {...props} />
    ))}
  </LlamaProvider>
);

const textOf = ({ parts }: UIMessage) => parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
const last = ({ messages }: UseLlamaVercelChat) => messages.slice(-1).map(textOf).join('');
const isDone = ({ inferencing, messages }: UseLlamaVercelChat) => !inferencing && messages.at(-1)?.role === 'assistant';

async function ask(seen: Seen<UseLlamaVercelChat>, text: string): Promise<void> {
  const from = seen.renders.length;
  void seen.last.sendMessage({ text });
  await seen.until(isDone, from);
}

test('two turns remember, and the second prefills only what is new', async () => {
  const seen = new Seen<UseLlamaVercelChat>();
  const screen = await render(app({ seen, scope: 'turns' }));
  expect(seen.renders[0]).toMatchObject({ isInitializing: true, inferencing: false, messages: [] });
  await seen.until(({ isInitializing }) => !isInitializing);
  await ask(seen, myName.asks);
  expect(last(seen.last)).toBe(myName.gets);
  const known = engine.client.scope('turns').getSnapshot().summary?.cachedTokens ?? 0;
  await ask(seen, whoAmI.asks);
  expect(last(seen.last)).toBe(whoAmI.gets);
  const phase = engine.client.generations.getSnapshot().at(-1)?.getSnapshot().phase;
  if (phase?.type !== 'finished') throw new Error('it has finished');
  expect(phase.outcome.usage.cachedTokens).toBeGreaterThanOrEqual(known - 1);
  expect(seen.last.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant']);
  await screen.unmount();
});

test('a screen that goes in the middle of an answer and comes back shows it where it is, loaded once', async () => {
  const loads = tinyState(engine.client)?.loads ?? 0;
  const seen = new Seen<UseLlamaVercelChat>();
  const screen = await render(app({ seen, scope: 'away', mood: 'endless' }));
  const held = holdNextAnswer(engine.client, ({ text }) => text.length > 10);
  void seen.last.sendMessage({ text: 'hello' });
  await held;
  await seen.until((chat) => chat.messages.length === 2 && last(chat).length > 10);
  await screen.rerender(app());
  const [generation] = engine.client.scope('away').getSnapshot().generations;
  if (generation === undefined) throw new Error('it is being written');
  const whenLeft = generation.getSnapshot().text.length;
  await engine.client.resume();
  await holdAnswer(engine.client, generation, ({ text }) => text.length >= whenLeft + 50);

  const back = new Seen<UseLlamaVercelChat>();
  await screen.rerender(app({ seen: back, scope: 'away', mood: 'endless' }));
  expect(back.renders[0]?.inferencing).toBe(true);
  expect(back.renders[0]?.isInitializing).toBe(false);
  expect(last(back.last).length).toBeGreaterThan(whenLeft);
  await back.last.stop();
  await back.until(({ inferencing }) => !inferencing);
  expect((await generation.result).text.startsWith(last(back.last))).toBe(true);
  expect((tinyState(engine.client)?.loads ?? 0) - loads).toBe(1);
  await screen.unmount();
});

test('two screens of one conversation show one answer, and one model', async () => {
  const [left, right] = [new Seen<UseLlamaVercelChat>(), new Seen<UseLlamaVercelChat>()];
  const screen = await render(app({ seen: left, scope: 'both' }, { seen: right, scope: 'both' }));
  await ask(left, myName.asks);
  await right.until(isDone);
  expect(right.last.messages).toBe(left.last.messages);
  await screen.unmount();
});

test('after a reload of JavaScript the conversation is there, and goes on', async () => {
  const before = new Seen<UseLlamaVercelChat>();
  const first = await render(app({ seen: before, scope: 'reload' }));
  await ask(before, myName.asks);
  await first.unmount();
  engine.reload();
  const after = new Seen<UseLlamaVercelChat>();
  const second = await render(app({ seen: after, scope: 'reload' }));
  await after.until(({ isInitializing, messages }) => !isInitializing && messages.length === 2);
  await ask(after, whoAmI.asks);
  expect(last(after.last)).toBe(whoAmI.gets);
  await second.unmount();
});
