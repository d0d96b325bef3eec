import type { UIMessage } from 'ai';

import type { Message } from '../../protocol/generated';
import { toUiMessages } from '../uiMessages';

const call = { id: 'c', name: 'warmth', arguments: '{"at":"Paris"}' };
const asked: Message[] = [
  { role: 'user', content: 'How warm?' },
  { role: 'assistant', content: '', reasoning: 'Ask.', toolCalls: [call] },
];
const told: Message[] = [...asked, { role: 'tool', content: 'warm', toolCallId: 'c', toolName: 'warmth' }];

test('a transcript is told as messages of a chat', () => {
  expect(toUiMessages('s', told, [])).toEqual([
    { id: 's:0', role: 'user', parts: [{ type: 'text', text: 'How warm?' }] },
    {
      id: 's:1',
      role: 'assistant',
      parts: [
        { type: 'step-start' },
        { type: 'reasoning', text: 'Ask.', state: 'done' },
        {
          type: 'dynamic-tool',
          toolName: 'warmth',
          toolCallId: 'c',
          input: { at: 'Paris' },
          state: 'output-available',
          output: 'warm',
        },
      ],
    },
  ]);
});

test.each<[string, Message[], boolean]>([
  ['says the same', asked, true],
  [
    'thinks something else',
    [asked[0], { role: 'assistant', content: '', reasoning: 'Hm.', toolCalls: [call] }] as Message[],
    false,
  ],
  [
    'calls something else',
    [asked[0], { role: 'assistant', content: '', reasoning: 'Ask.', toolCalls: [{ ...call, id: 'd' }] }] as Message[],
    false,
  ],
  ['has its result', told, false],
])('a message that %s is the one that is shown, or another', (_, transcript, isSame) => {
  const known: UIMessage[] = toUiMessages('s', asked, []).map((message) => ({ ...message, id: `own-${message.id}` }));
  const messages = toUiMessages('s', transcript, known);
  expect(messages[0]).toBe(known[0]);
  expect(messages[1] === known[1]).toBe(isSame);
});
