import { scopeSummary } from 'react-native-llama-rs/testing';

import { copyName, newScope } from '../chats/names';
import { cutAt } from '../conversation/cutAt';
import { Drafts } from '../Drafts';
import { spoken } from '../speech/Speaker';

test('new conversations and copies get names that are free', () => {
  const scopes = ['Chat 1', 'Chat 3', 'Chat 1, copy'].map((id) => scopeSummary(id));
  expect(newScope([])).toBe('Chat 1');
  expect(newScope(scopes)).toBe('Chat 2');
  expect(copyName(scopes, 'Chat 3')).toBe('Chat 3, copy');
  expect(copyName(scopes, 'Chat 1')).toBe('Chat 1, copy 2');
  expect(copyName(scopes, 'Chat 1, copy')).toBe('Chat 1, copy 2');
});

const question = { role: 'user', content: 'a story' } as const;
const answer = { role: 'assistant', content: 'Once. Twice. Thrice.' } as const;

test('an answer is cut to what was spoken', () => {
  const messages = [question, { role: 'assistant', content: 'Once.' }];
  expect(cutAt([question, answer], 'Once.')).toEqual({ messages, unanswered: undefined });
});

test('a question of whose answer nothing was spoken is to be asked again', () => {
  expect(cutAt([question, answer, question, answer], '')).toEqual({
    messages: [question, answer],
    unanswered: 'a story',
  });
});

test('what is not the answer that was interrupted is not cut', () => {
  expect(cutAt([question], 'Once.')).toBeUndefined();
  expect(cutAt([question, { role: 'assistant', content: 'No.' }], 'Once.')).toBeUndefined();
});

test('a draft grows by what must not be lost, and is taken once', () => {
  const drafts = new Drafts();
  drafts.of('a').set('Well,');
  drafts.keep('a', 'my name');
  drafts.keep('a', ' ');
  expect(drafts.of('a').getSnapshot()).toBe('Well, my name');
  expect(drafts.of('b').getSnapshot()).toBe('');
  expect(drafts.take('a', 'is alice')).toBe('Well, my name is alice');
  expect(drafts.of('a').getSnapshot()).toBe('');
});

test.each([
  ['**Bold** and `code`', 'Bold and code'],
  ['# Title', 'Title'],
  ['- an item', 'an item'],
  ['[words](https://a.example)', 'words'],
])('%j is spoken as %j', (text, expected) => {
  expect(spoken(text)).toBe(expected);
});
