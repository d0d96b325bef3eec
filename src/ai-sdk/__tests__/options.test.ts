import type { LanguageModelV4CallOptions, SharedV4Warning } from '@ai-sdk/provider';

import { toRequest } from '../options';

function convert(call: Partial<LanguageModelV4CallOptions>) {
  const warnings: SharedV4Warning[] = [];
  return { ...toRequest({ prompt: [], ...call }, (warning) => warnings.push(warning)), warnings };
}

test('nothing said is nothing asked for, but that what was heard stays', () => {
  expect(convert({})).toEqual({
    options: { keepPartial: true },
    persist: undefined,
    overflow: undefined,
    warnings: [],
  });
});

test('the options of a call have their own names here', () => {
  const { options, warnings } = convert({
    temperature: 0.5,
    topP: 0.9,
    topK: 3,
    presencePenalty: 1,
    frequencyPenalty: 2,
    seed: 7,
    stopSequences: ['.'],
    maxOutputTokens: 9,
    headers: { 'user-agent': 'ai/7' },
  });
  expect(options).toEqual({
    temperature: 0.5,
    topP: 0.9,
    topK: 3,
    presencePenalty: 1,
    frequencyPenalty: 2,
    seed: 7,
    stop: ['.'],
    maxOutputTokens: 9,
    keepPartial: true,
  });
  expect(warnings).toEqual([]);
});

test('tools, their choice and the form of the answer are handed on', () => {
  const inputSchema = { type: 'object' as const, properties: { place: { type: 'string' as const } } };
  const tool = {
    type: 'function' as const,
    name: 'warmth',
    description: 'How warm it is',
    inputSchema,
    inputExamples: [{ input: {} }],
  };
  const { options, warnings } = convert({
    tools: [tool, { type: 'provider', id: 'other.search', name: 'search', args: {} }],
    toolChoice: { type: 'tool', toolName: 'warmth' },
    responseFormat: { type: 'json', schema: inputSchema, name: 'place' },
  });
  expect(options).toEqual({
    tools: [{ name: 'warmth', description: 'How warm it is', parameters: inputSchema }],
    toolChoice: { type: 'tool', toolName: 'warmth' },
    responseFormat: { type: 'json', schema: inputSchema },
    keepPartial: true,
  });
  expect(warnings).toMatchObject([
    { feature: 'inputExamples of the tool warmth' },
    { feature: 'the tool other.search' },
  ]);
});

test.each([
  [undefined, 1],
  ['auto', 1],
  ['none', 0],
  ['required', 0],
] as const)('that an answer in JSON calls no tool is said where one might be expected: %p', (type, count) => {
  const tools = [{ type: 'function' as const, name: 'warmth', inputSchema: { type: 'object' as const } }];
  const call = { tools, toolChoice: type && { type } };
  expect(convert({ ...call, responseFormat: { type: 'json' } }).warnings).toHaveLength(count);
  expect(convert({ ...call, responseFormat: { type: 'text' } }).warnings).toEqual([]);
  expect(convert({ responseFormat: { type: 'json' } }).warnings).toEqual([]);
});

test('a choice among no tools is none', () => {
  expect(convert({ toolChoice: { type: 'auto' }, responseFormat: { type: 'text' } }).options).toEqual({
    keepPartial: true,
  });
});

test('effort is a budget of thoughts', () => {
  const efforts = (['provider-default', 'none', 'low', 'max'] as const).map(
    (reasoning) => convert({ reasoning }).options,
  );
  expect(efforts).toEqual([
    { keepPartial: true },
    { reasoning: false, keepPartial: true },
    { reasoning: true, reasoningBudgetTokens: 512, keepPartial: true },
    { reasoning: true, keepPartial: true },
  ]);
});

test('options of our own go before those of the call, and a grammar is a form', () => {
  const { options, persist, overflow } = convert({
    reasoning: 'low',
    providerOptions: {
      llama: {
        reasoningBudgetTokens: 9,
        keepPartial: false,
        minP: 0.1,
        grammar: { gbnf: 'root ::= "a"' },
        persist: 'none',
        overflow: 'error',
      },
      other: { what: 1 },
    },
  });
  expect(options).toEqual({
    reasoning: true,
    reasoningBudgetTokens: 9,
    keepPartial: false,
    minP: 0.1,
    responseFormat: { type: 'grammar', gbnf: 'root ::= "a"' },
  });
  expect({ persist, overflow }).toEqual({ persist: 'none', overflow: 'error' });
});

test('an unknown option is warned about, and a value of the wrong type is refused by name', () => {
  const { options, warnings } = convert({ headers: { 'X-Key': '1' }, providerOptions: { llama: { minp: 0.1 } } });
  expect(options).toEqual({ keepPartial: true });
  expect(warnings).toMatchObject([
    { feature: 'providerOptions.llama.minp' },
    { feature: 'headers', details: expect.stringContaining('X-Key') as string },
  ]);
  const wrong = { llama: { logitBias: [{ token: 1, bias: 'much' }] } };
  expect(() => convert({ providerOptions: wrong })).toThrow(
    /invalidOptions: providerOptions\.llama\.logitBias\.0\.bias/,
  );
});
