import { LlamaClient } from 'react-native-llama-rs';
import { beginTurn, scriptedPort } from 'react-native-llama-rs/testing';

import { Reader } from '../speech/Reader';
import type { Speaker } from '../speech/Speaker';
import { Cell } from '../store';

/** A voice that speaks until the test ends its utterance. */
function scriptedSpeaker() {
  const said: string[] = [];
  const languages: string[] = [];
  let done = () => {};
  const speaker: Speaker = {
    say: (text, language) => {
      said.push(text);
      languages.push(language);
      return new Promise((resolve) => (done = resolve));
    },
    stop: () => done(),
  };
  const finish = async () => {
    done();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { speaker, said, languages, finish };
}

function open() {
  const port = scriptedPort();
  const client = new LlamaClient(port);
  const voice = scriptedSpeaker();
  const language = new Cell('en');
  const reader = new Reader(voice.speaker, language);
  const ask = () => {
    const generation = client.generate({ model: { path: 'm' }, scope: 's', append: [{ role: 'user', content: 'x' }] });
    reader.read(generation);
    return beginTurn(port);
  };
  return { ...voice, reader, language, ask };
}

test('sentences are spoken one after another, while the answer is being written, without their marks', async () => {
  const { said, finish, ask } = open();
  const turn = ask();
  turn.say('**One.** Two. Thr');
  expect(said).toEqual(['One.']);
  await finish();
  expect(said).toEqual(['One.', 'Two.']);
  turn.say('ee');
  await finish();
  turn.finish();
  expect(said).toEqual(['One.', 'Two.', 'Three']);
});

test('each sentence is spoken in the language of that moment', async () => {
  const { languages, finish, ask, language } = open();
  const turn = ask();
  turn.say('One. Two. ');
  language.set('de');
  await finish();
  turn.finish();
  expect(languages).toEqual(['en', 'de']);
});

test('an interruption says how far the answer was spoken, the sentence that was cut off included', async () => {
  const { said, finish, ask, reader } = open();
  const turn = ask();
  turn.say('One. Two. Three. ');
  await finish();
  turn.finish();
  expect(reader.stop()).toEqual({ scope: 's', generationId: turn.id, spokenText: 'One. Two.' });
  await finish();
  expect(said).toEqual(['One.', 'Two.']);
});

test('an answer that was spoken to its end was not interrupted', async () => {
  const { finish, ask, reader } = open();
  const turn = ask();
  turn.say('One.');
  turn.finish();
  await finish();
  expect(reader.stop()).toBeUndefined();
  expect(reader.stop()).toBeUndefined();
});

test('of an answer that has begun only in writing, nothing was spoken', () => {
  const { ask, reader } = open();
  const turn = ask();
  turn.say('On');
  expect(reader.stop()).toEqual({ scope: 's', generationId: turn.id, spokenText: '' });
});
