// Tools, reasoning and JSON on the real engine: the tiny model was trained to call two tools.
import { act, renderHook } from '@testing-library/react-native';
import { readFileSync } from 'node:fs';
import type { ReactNode } from 'react';

import { LlamaProvider, type Tools, useLlamaChat } from '../../src';
import { installNodePort } from '../../src/testing';
import { greedy, tiny, unloadTiny } from './tiny';
import { until } from './until';

const engine = installNodePort();
afterEach(() => unloadTiny(engine.client));

const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };

function wrapper({ children }: { children: ReactNode }) {
  return <LlamaProvider client={engine.client}>{children}</LlamaProvider>;
}

function open(scope: string, tools: Tools) {
  return renderHook(() => useLlamaChat({ model: tiny, scope, options: greedy, tools }), { wrapper });
}

test('a tool that outlives its component finishes, and the model answers from its result', async () => {
  let finish: (value: unknown) => void = () => undefined;
  const asked: unknown[] = [];
  const execute = (input: unknown) => {
    asked.push(input);
    return new Promise((resolve) => {
      finish = resolve;
    });
  };
  const tools: Tools = { get_weather: { description: 'Get the weather.', parameters, execute } };
  const first = await open('weather', tools);
  await act(() => void first.result.current.send('What is the weather in Paris?'));
  await act(() => until(engine.client.pendingToolCalls('weather'), (calls) => calls.length === 1));
  expect(asked).toEqual([{ city: 'Paris' }]);
  expect(engine.client.pendingToolCalls('weather').getSnapshot()).toMatchObject([
    { name: 'get_weather', state: 'running' },
  ]);
  await first.unmount();

  // The model was trained with this space.
  finish('{"temperature": 21}');
  await until(
    engine.client.scope('weather'),
    ({ summary, generations }) => summary?.messageCount === 4 && generations.length === 0,
  );
  const second = await open('weather', tools);
  await act(() => engine.client.transcript('weather'));
  expect(second.result.current.status).toBe('ready');
  const lines = second.result.current.messages.map(
    ({ role, content, toolCalls }) => `${role}: ${content}${toolCalls?.[0]?.name ?? ''}`,
  );
  expect(lines).toEqual([
    'user: What is the weather in Paris?',
    'assistant: get_weather',
    'tool: {"temperature": 21}',
    'assistant: It is 21 degrees in Paris.',
  ]);
});

test('reasoning is kept apart from text', async () => {
  const { client } = engine;
  const chatTemplate = readFileSync('fixtures/templates/thinking.jinja', 'utf8');
  const append = [
    { role: 'system' as const, content: 'Think before you answer.' },
    { role: 'user' as const, content: 'Hello!' },
  ];
  const generation = client.generate({ model: tiny, scope: 'thought', append, options: { ...greedy, chatTemplate } });
  const { text, reasoning } = await generation.result;
  expect(reasoning).not.toBe('');
  expect(text).not.toMatch(/think>/);
  expect(generation.getSnapshot()).toMatchObject({ text, reasoning });
});

test('an answer of a schema is JSON of that schema', async () => {
  const { client } = engine;
  const schema = {
    type: 'object',
    properties: { mood: { enum: ['good', 'bad'] } },
    required: ['mood'],
    additionalProperties: false,
  };
  const append = [{ role: 'user' as const, content: 'How are you?' }];
  const options = { ...greedy, responseFormat: { type: 'json' as const, schema } };
  const { text } = await client.generate({ model: tiny, scope: 'json', append, options }).result;
  expect(['good', 'bad']).toContain((JSON.parse(text) as { mood: string }).mood);
});
