import type { LanguageModelV4Prompt, SharedV4Warning } from '@ai-sdk/provider';

import { toMessages } from '../prompt';

function convert(...prompt: LanguageModelV4Prompt) {
  const warnings: SharedV4Warning[] = [];
  return { messages: toMessages(prompt, (warning) => warnings.push(warning)), warnings };
}

const bytes = { type: 'data' as const, data: new Uint8Array([1]) };

test('every role becomes a message, and parts of an answer its fields', () => {
  const { messages, warnings } = convert(
    { role: 'system', content: 'Be brief.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'How warm is' },
        { type: 'text', text: 'Paris?' },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'Ask the ' },
        { type: 'reasoning', text: 'tool.' },
        { type: 'text', text: 'One ' },
        { type: 'tool-call', toolCallId: '1', toolName: 'warmth', input: { place: 'Paris' } },
        { type: 'text', text: 'moment.' },
        { type: 'tool-call', toolCallId: '2', toolName: 'time', input: undefined },
      ],
    },
    {
      role: 'tool',
      content: [
        { type: 'tool-result', toolCallId: '1', toolName: 'warmth', output: { type: 'json', value: { celsius: 21 } } },
        { type: 'tool-result', toolCallId: '2', toolName: 'time', output: { type: 'error-text', value: 'no clock' } },
      ],
    },
  );
  expect(messages).toEqual([
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'How warm is\nParis?' },
    {
      role: 'assistant',
      content: 'One moment.',
      reasoning: 'Ask the tool.',
      toolCalls: [
        { id: '1', name: 'warmth', arguments: '{"place":"Paris"}' },
        { id: '2', name: 'time', arguments: '{}' },
      ],
    },
    { role: 'tool', content: '{"celsius":21}', toolCallId: '1', toolName: 'warmth' },
    { role: 'tool', content: 'no clock', toolCallId: '2', toolName: 'time' },
  ]);
  expect(warnings).toEqual([]);
});

test('the result of a tool is told as text, whatever it is', () => {
  const contents = [
    { type: 'text' as const, value: 'warm' },
    { type: 'error-text' as const, value: 'broken' },
    { type: 'json' as const, value: [21] },
    { type: 'error-json' as const, value: { code: 3 } },
    { type: 'execution-denied' as const, reason: 'too dear' },
    { type: 'execution-denied' as const },
    {
      type: 'content' as const,
      value: [
        { type: 'text' as const, text: 'a' },
        { type: 'file' as const, mediaType: 'text/plain', data: { type: 'text' as const, text: 'b' } },
      ],
    },
  ].map(
    (output) =>
      convert({ role: 'tool', content: [{ type: 'tool-result', toolCallId: '1', toolName: 't', output }] }).messages[0]
        ?.content,
  );
  expect(contents).toEqual([
    'warm',
    'broken',
    '[21]',
    '{"code":3}',
    'too dear',
    'The user did not allow this call.',
    'a\nb',
  ]);
});

test('a file of text is read, another one is refused by name', () => {
  const note = { type: 'file' as const, mediaType: 'text/plain', data: { type: 'text' as const, text: 'milk, bread' } };
  expect(convert({ role: 'user', content: [{ type: 'text', text: 'Sum up:' }, note] }).messages).toEqual([
    { role: 'user', content: 'Sum up:\nmilk, bread' },
  ]);
  const image = { type: 'file' as const, mediaType: 'image/png', data: bytes };
  expect(() => convert({ role: 'user', content: [image] })).toThrow(/a file of the type image\/png/);
  const custom = { type: 'content' as const, value: [{ type: 'custom' as const }] };
  expect(() =>
    convert({ role: 'tool', content: [{ type: 'tool-result', toolCallId: '1', toolName: 't', output: custom }] }),
  ).toThrow(/custom content/);
});

test('parts of another model that this one cannot see are warned about', () => {
  const { messages, warnings } = convert(
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'See:' },
        { type: 'file', mediaType: 'image/png', data: bytes },
        { type: 'reasoning-file', mediaType: 'image/png', data: bytes },
        { type: 'custom', kind: 'other.thing' },
        { type: 'tool-result', toolCallId: '1', toolName: 'search', output: { type: 'text', value: 'found' } },
      ],
    },
    { role: 'tool', content: [{ type: 'tool-approval-response', approvalId: '1', approved: true }] },
  );
  expect(messages).toStrictEqual([{ role: 'assistant', content: 'See:' }]);
  expect(warnings).toMatchObject([
    { feature: 'file in an answer' },
    { feature: 'reasoning-file in an answer' },
    { feature: 'custom in an answer' },
    { feature: 'tool-result in an answer' },
    { feature: 'tool-approval-response' },
  ]);
});
