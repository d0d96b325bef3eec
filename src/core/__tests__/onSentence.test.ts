import { beginTurn, scriptedPort } from '../../testing';
import { onSentence, sentencesFrom } from '../generations/onSentence';
import { LlamaClient } from '../LlamaClient';

const textsOf = (text: string, isWhole = false) => sentencesFrom(text, 0, isWhole).map((sentence) => sentence.text);

test.each([
  ['One. Two', ['One.']],
  ['One', []],
  ['Really?! Yes… perhaps', ['Really?!', 'Yes…']],
  ['He said "no." Then', ['He said "no."']],
  ['**Bold.** Then', ['**Bold.**']],
  ['Pi is 3.14 or so. It', ['Pi is 3.14 or so.']],
  ['Ask Dr. Smith, e.g. about J. Doe. Now', ['Ask Dr. Smith, e.g. about J. Doe.']],
  ['1. Eggs\n2. Milk\n3', ['1. Eggs', '2. Milk']],
  ['A title\n\nA text', ['A title']],
  ['はい。そうです！と', ['はい。', 'そうです！']],
  ['The year is 1984. It', ['The year is 1984.']],
])('of the unfinished text %j the sentences are %j', (text, expected) => {
  expect(textsOf(text)).toEqual(expected);
});

test('the rest of a whole text is its last sentence, and sentences join on to each other', () => {
  const text = ' One.  Two!\nthree ';
  const all = sentencesFrom(text, 0, true);
  expect(all.map((sentence) => sentence.text)).toEqual(['One.', 'Two!', 'three']);
  expect(all.map(({ start, end }) => text.slice(start, end)).join('')).toBe(text);
});

function answer() {
  const port = scriptedPort();
  const client = new LlamaClient(port);
  const generation = client.generate({ model: { path: 'm' }, scope: 's', append: [{ role: 'user', content: 'x' }] });
  return { generation, turn: beginTurn(port) };
}

test('a listener hears each sentence once, when it is complete, and the rest at the end', () => {
  const { generation, turn } = answer();
  const heard: string[] = [];
  turn.say('One. T');
  onSentence(generation, ({ text }) => heard.push(text));
  expect(heard).toEqual(['One.']);
  turn.say('wo');
  expect(heard).toEqual(['One.']);
  turn.say('. Thr');
  expect(heard).toEqual(['One.', 'Two.']);
  turn.finish();
  expect(heard).toEqual(['One.', 'Two.', 'Thr']);
});

test('a listener that has left hears nothing more, not even the sentence after the one it left at', () => {
  const { generation, turn } = answer();
  const heard: string[] = [];
  turn.say('One');
  const end = onSentence(generation, ({ text }) => {
    heard.push(text);
    end();
  });
  turn.say('. Two. Three');
  turn.finish();
  expect(heard).toEqual(['One.']);
});
