import type { Message } from '../../protocol/generated';
import { type Candidate, chooseScope } from '../chooseScope';
import { asKnown } from '../sharedMessages';

const user = (content: string): Message => ({ role: 'user', content });
const answer = (content: string): Message => ({ role: 'assistant', content });
const system: Message = { role: 'system', content: 'Be brief.' };
const none = (id: string): Candidate => ({ id, model: undefined, messages: [], lastUsedAt: 0 });
const kept = (id: string, messages: Message[], change: Partial<Candidate> = {}): Candidate => ({
  id,
  model: 'a',
  messages,
  lastUsedAt: 5,
  ...change,
});

const asked = [system, user('1')];
const answered = [...asked, answer('one')];
const next = [...answered, user('2')];

test.each<[string, Message[], Candidate[], string | undefined]>([
  ['the one that the call continues', next, [none('0'), kept('1', answered)], '1'],
  ['the longest of those', next, [kept('0', [system]), kept('1', answered), kept('2', asked)], '1'],
  ['one whose last answer is asked for again', asked, [none('0'), kept('1', answered)], '1'],
  ['one whose last answer the call leaves out', [...asked, user('never mind')], [none('0'), kept('1', answered)], '1'],
  ['a new one where another merely begins alike', [system, user('other')], [kept('0', answered), none('1')], '1'],
  [
    'a new one for an earlier question of a long conversation',
    asked,
    [kept('0', [...next, answer('two')]), none('1')],
    '1',
  ],
  ['a new one for another model', next, [kept('0', answered, { model: 'b' }), none('1')], '1'],
  [
    'the least recently used when none is new',
    [user('other')],
    [kept('0', answered, { lastUsedAt: 9 }), kept('1', answered, { lastUsedAt: 3 })],
    '1',
  ],
  ['none when there is none', next, [], undefined],
])('a call gets %s', (_, messages, candidates, chosen) => {
  expect(chooseScope('a', messages, candidates)).toBe(chosen);
});

test('arguments of a tool keep the text that the model wrote', () => {
  const called = (text: string): Message => ({
    role: 'assistant',
    content: '',
    toolCalls: [{ id: '1', name: 't', arguments: text }],
  });
  const known = [user('1'), called('{ "a": 1 }')];
  expect(asKnown([user('1'), called('{"a":1}'), user('2')], known)).toEqual([...known, user('2')]);
  expect(asKnown([user('1'), called('{"a":2}')], known)).toEqual([user('1'), called('{"a":2}')]);
  expect(asKnown([user('1'), answer('')], known)).toEqual([user('1'), answer('')]);
});
