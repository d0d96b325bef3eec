// The AI SDK on the real engine: tool calls, objects of a schema, and reasoning.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { generateText, isStepCount, jsonSchema, Output, streamText, tool } from 'ai';
import { z } from 'zod/v4';

import { createLlama } from 'react-native-llama-rs/ai-sdk';
import { installNodePort } from 'react-native-llama-rs/testing';
import { checkedModel } from './checkedModel';
import { tiny, unloadTiny } from '../proof/tiny';

const engine = installNodePort();
afterEach(async () => {
  await engine.client.deleteAllScopes();
  await unloadTiny(engine.client);
});

const llama = (scope?: string) => createLlama(engine.client)(tiny, { scope });
/** Samples the likeliest tokens, and limits an answer that does not end by itself. */
const greedy = { temperature: 0, maxOutputTokens: 200 };

function weather() {
  const asked: string[] = [];
  const tools = {
    set_timer: tool({
      description: 'Set a timer.',
      inputSchema: jsonSchema<{ minutes: number }>({
        type: 'object',
        properties: { minutes: { type: 'integer' } },
        required: ['minutes'],
      }),
      execute: () => Promise.resolve({ ok: true }),
    }),
    get_weather: tool({
      description: 'Get the weather.',
      inputSchema: jsonSchema<{ city: string }>({
        type: 'object',
        properties: { city: { type: 'string' } },
        required: ['city'],
      }),
      execute: ({ city }) => {
        asked.push(city);
        return Promise.resolve({ temperature: 21 });
      },
    }),
  };
  return { asked, tools };
}

test('a tool loop of two steps: the call, its result, an answer from it, and nothing is prefilled twice', async () => {
  const { asked, tools } = weather();
  const { model, check } = checkedModel(llama());
  const result = streamText({
    model,
    ...greedy,
    tools,
    prompt: 'What is the weather in Paris?',
    stopWhen: isStepCount(3),
  });
  expect(await result.text).toContain('21');
  expect(asked).toEqual(['Paris']);
  const [first, second] = await result.steps;
  expect([first?.finishReason, second?.finishReason]).toEqual(['tool-calls', 'stop']);
  expect(first?.toolCalls).toMatchObject([{ toolName: 'get_weather', input: { city: 'Paris' } }]);
  const { cacheReadTokens = 0, noCacheTokens = 0 } = second?.usage.inputTokenDetails ?? {};
  expect(cacheReadTokens).toBeGreaterThanOrEqual(
    (first?.usage.inputTokens ?? 0) + (first?.usage.outputTokens ?? 0) - 1,
  );
  expect(cacheReadTokens).toBeGreaterThan(noCacheTokens);
  check();
});

test('the same in one piece, in a conversation that keeps call and result', async () => {
  const { tools } = weather();
  const { text, steps } = await generateText({
    model: llama('weather'),
    ...greedy,
    tools,
    prompt: 'What is the weather in Paris?',
    stopWhen: isStepCount(3),
  });
  expect(text).toContain('21');
  expect(steps).toHaveLength(2);
  const transcript = await engine.client.transcript('weather');
  expect(transcript).toMatchObject([
    { role: 'user' },
    { role: 'assistant', toolCalls: [{ name: 'get_weather' }] },
    { role: 'tool', toolName: 'get_weather', content: '{"temperature":21}' },
    { role: 'assistant', content: text },
  ]);
});

test('a choice of tools is kept to', async () => {
  const { tools } = weather();
  const forced = await generateText({
    model: llama(),
    ...greedy,
    tools,
    toolChoice: { type: 'tool', toolName: 'get_weather' },
    prompt: 'set a timer for five minutes',
  });
  expect(forced.toolCalls).toMatchObject([{ toolName: 'get_weather', input: { city: expect.any(String) as string } }]);
  const none = await generateText({
    model: llama(),
    ...greedy,
    tools,
    toolChoice: 'none',
    prompt: 'What is the weather in Paris?',
  });
  expect(none.toolCalls).toEqual([]);
  expect(none.text).not.toBe('');
});

test('an error of a tool is handed back to the model', async () => {
  const { tools } = weather();
  const broken = {
    ...tools,
    get_weather: { ...tools.get_weather, execute: () => Promise.reject(new Error('no network')) },
  };
  const { steps } = await generateText({
    model: llama('broken'),
    ...greedy,
    tools: broken,
    prompt: 'What is the weather in Paris?',
    stopWhen: isStepCount(2),
  });
  expect(steps).toHaveLength(2);
  expect((await engine.client.transcript('broken'))[2]).toMatchObject({
    role: 'tool',
    content: expect.stringContaining('no network') as string,
  });
});

const person = z.object({ name: z.string().max(8), mood: z.enum(['good', 'bad']), ages: z.array(z.int()).length(2) });

test('an object is of its schema, whatever the model would say', async () => {
  for (let seed = 0; seed < 4; seed += 1) {
    const { output } = await generateText({
      model: llama(),
      ...greedy,
      temperature: 1,
      seed,
      output: Output.object({ schema: person }),
      prompt: 'My name is Alice',
    });
    expect(person.safeParse(output).success).toBe(true);
  }
});

test('an object comes in parts, each of which is a beginning of it', async () => {
  const { model, check } = checkedModel(llama());
  const result = streamText({
    model,
    ...greedy,
    output: Output.object({ schema: person }),
    prompt: 'My name is Alice',
  });
  const parts: unknown[] = [];
  for await (const part of result.partialOutputStream) parts.push(part);
  const whole = person.parse(await result.output);
  expect(parts.at(-1)).toEqual(whole);
  const names = Object.keys(whole);
  for (const part of parts)
    expect(names.slice(0, Object.keys(part as object).length)).toEqual(Object.keys(part as object));
  check();
});

test('a choice among words, and a grammar of one’s own', async () => {
  const choice = await generateText({
    model: llama(),
    ...greedy,
    output: Output.choice({ options: ['red', 'green'] }),
    prompt: 'Hello!',
  });
  expect(['red', 'green']).toContain(choice.output);
  const gbnf = 'root ::= ("yes" | "no") " " [0-9]{3}';
  const { text } = await generateText({
    model: llama(),
    ...greedy,
    prompt: 'Hello!',
    providerOptions: { llama: { grammar: { gbnf } } },
  });
  expect(text).toMatch(/^(yes|no) \d{3}$/);
});

test('reasoning is no part of the text, and there is none unless it is asked for', async () => {
  const chatTemplate = readFileSync(join(process.cwd(), 'fixtures/templates/thinking.jinja'), 'utf8');
  const { model, check } = checkedModel(llama());
  const call = {
    model,
    ...greedy,
    system: 'Think before you answer.',
    prompt: 'Hello!',
    providerOptions: { llama: { chatTemplate } },
  };
  const thoughtful = streamText(call);
  const types = new Set<string>();
  for await (const { type } of thoughtful.stream) types.add(type);
  expect([...types].filter((type) => /^(reasoning|text)-start$/.test(type))).toEqual(['reasoning-start', 'text-start']);
  expect(await thoughtful.finalStep).toMatchObject({
    reasoningText: expect.stringMatching(/./) as string,
    text: expect.stringMatching(/./) as string,
  });
  const silent = await generateText({ ...call, reasoning: 'none' });
  expect(silent.finalStep.reasoningText ?? '').toBe('');
  expect(silent.text).not.toBe('');
  check();
});

test('a schema that cannot be used is a typed error, and nothing is generated', async () => {
  const schema = jsonSchema({ $ref: '#/nowhere' });
  const refused = generateText({ model: llama(), output: Output.object({ schema }), prompt: 'Hello!' });
  await expect(refused).rejects.toMatchObject({ code: 'invalidOptions' });
});
