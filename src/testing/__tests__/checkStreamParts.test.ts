import { checkStreamParts } from '..';

type Part = { type: string } & Record<string, unknown>;

const begin = { type: 'stream-start', warnings: [] };
const usage = { inputTokens: { total: 3, noCache: 1, cacheRead: 2 } };
const finish = { type: 'finish', finishReason: { unified: 'stop', raw: 'stop' }, usage };
const text = (id: string): Part[] => [
  { type: 'text-start', id },
  { type: 'text-delta', id, delta: 'Hi' },
  { type: 'text-end', id },
];
const input = (id: string, delta = '{"a":1}'): Part[] => [
  { type: 'tool-input-start', id, toolName: 'look' },
  { type: 'tool-input-delta', id, delta },
  { type: 'tool-input-end', id },
];
const call = (toolCallId: string, change: object = {}) => ({
  type: 'tool-call',
  toolCallId,
  toolName: 'look',
  input: '{"a":1}',
  ...change,
});

test.each<[string, Part[]]>([
  ['nothing but an end', [begin, finish]],
  [
    'thought, text and two calls',
    [
      begin,
      { type: 'response-metadata' },
      { type: 'reasoning-start', id: 'r' },
      { type: 'reasoning-delta', id: 'r', delta: 'hm' },
      { type: 'reasoning-end', id: 'r' },
      ...text('1'),
      ...input('a'),
      call('a'),
      ...input('b'),
      call('b'),
      { ...finish, finishReason: { unified: 'tool-calls', raw: 'toolCalls' } },
    ],
  ],
  [
    'blocks that overlap',
    [begin, { type: 'text-start', id: '1' }, ...text('2'), { type: 'text-end', id: '1' }, finish],
  ],
  ['a call without streamed input', [begin, call('a'), finish]],
  [
    'a raw input of a tool',
    [
      begin,
      { type: 'tool-input-start', id: 'a', toolName: 'look', inputEncoding: 'text' },
      { type: 'tool-input-end', id: 'a' },
      call('a'),
      finish,
    ],
  ],
  ['an error before the end', [begin, { type: 'error' }, finish]],
  ['an input that was cut off', [begin, ...input('a', '{"a":'), finish]],
])('%s is right', (_, parts) => {
  expect(checkStreamParts(parts)).toEqual([]);
});

test.each<[string, Part[], string]>([
  ['no beginning', [...text('1'), finish], '0 (text-start): is not stream-start'],
  ['two beginnings', [begin, begin, finish], '1 (stream-start): is not the first'],
  ['no end', [begin, ...text('1')], '4: ends without finish'],
  ['nothing at all', [], '0: ends without finish'],
  ['two ends', [begin, finish, finish], '2 (finish): comes after finish'],
  ['text after the end', [begin, finish, ...text('1')], '2 (text-start): comes after finish'],
  [
    'a delta without its start',
    [begin, { type: 'text-delta', id: '1', delta: 'Hi' }, finish],
    '1 (text-delta): 1 was not started',
  ],
  [
    'a delta of another block',
    [
      begin,
      { type: 'reasoning-start', id: '1' },
      { type: 'text-delta', id: '1', delta: 'Hi' },
      { type: 'reasoning-end', id: '1' },
      finish,
    ],
    '2 (text-delta): 1 is a block of reasoning',
  ],
  [
    'a delta after the end of its block',
    [begin, ...text('1'), { type: 'text-delta', id: '1', delta: 'Hi' }, finish],
    '4 (text-delta): 1 was ended before',
  ],
  [
    'a delta without text',
    [begin, { type: 'text-start', id: '1' }, { type: 'text-delta', id: '1' }, { type: 'text-end', id: '1' }, finish],
    '2 (text-delta): has no delta',
  ],
  [
    'two ends of a block',
    [begin, ...text('1'), { type: 'text-end', id: '1' }, finish],
    '4 (text-end): 1 was ended before',
  ],
  ['an id that is used twice', [begin, ...text('1'), ...text('1'), finish], '4 (text-start): 1 was used before'],
  ['a block that is not ended', [begin, { type: 'text-start', id: '1' }, finish], '2 (finish): 1 was not ended'],
  [
    'an input for no tool',
    [begin, { type: 'tool-input-start', id: 'a' }, { type: 'tool-input-end', id: 'a' }, finish],
    '1 (tool-input-start): has no toolName',
  ],
  [
    'a call before the end of its input',
    [begin, ...input('a').slice(0, 2), call('a'), { type: 'tool-input-end', id: 'a' }, finish],
    '3 (tool-call): the input of a was not ended',
  ],
  [
    'a call of another tool',
    [begin, ...input('a'), call('a', { toolName: 'touch' }), finish],
    '4 (tool-call): the input of a was one for look',
  ],
  [
    'a call with another input',
    [begin, ...input('a'), call('a', { input: '{}' }), finish],
    '4 (tool-call): its input is not what was streamed for a',
  ],
  ['a call that is no JSON', [begin, call('a', { input: '{' }), finish], '1 (tool-call): its input is not JSON'],
  ['a call that is made twice', [begin, call('a'), call('a'), finish], '2 (tool-call): a was called before'],
  [
    'an end that waits for nothing',
    [begin, { ...finish, finishReason: { unified: 'tool-calls' } }],
    '1 (finish): waits for tools that were not called',
  ],
  ['an end without a reason', [begin, { type: 'finish', usage }], '1 (finish): has no finishReason'],
  ['an end without tokens', [begin, { type: 'finish', finishReason: finish.finishReason }], '1 (finish): has no usage'],
  [
    'tokens that do not add up',
    [begin, { ...finish, usage: { inputTokens: { ...usage.inputTokens, total: 4 } } }],
    '1 (finish): 4 input tokens are not 1 and 2 cached ones',
  ],
  ['a part that is none', [begin, { type: 'text' }, finish], '1 (text): is no part of a stream'],
])('%s is found', (_, parts, problem) => {
  expect(checkStreamParts(parts)).toContain(problem);
});
