import { PhoneSpeaker } from '../PhoneSpeaker';

/** A voice that gives ids to utterances, and ends them, when the test says so. */
function open() {
  const log: string[] = [];
  const begun: { readonly resolve: (id: string) => void; readonly reject: (error: Error) => void }[] = [];
  let over: (id: string) => void = () => undefined;
  const speaker = new PhoneSpeaker({
    speak(text, language) {
      log.push(`speak ${text} ${language}`);
      return new Promise((resolve, reject) => begun.push({ resolve, reject }));
    },
    stop() {
      log.push('stop');
      return Promise.resolve();
    },
    onOver: (listener) => (over = listener),
  });
  const say = (text: string) => {
    const state = { isOver: false };
    void speaker.say(text, 'de').then(() => (state.isOver = true));
    return state;
  };
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const begin = async (index: number, id: string) => {
    begun[index]?.resolve(id);
    await settled();
  };
  const end = async (id: string) => {
    over(id);
    await settled();
  };
  const fail = async (index: number) => {
    begun[index]?.reject(new Error('no voice'));
    await settled();
  };
  return { speaker, log, say, begin, end, fail, settled };
}

test('a text is spoken in its language, until the system says that it is over', async () => {
  const { log, say, begin, end } = open();
  const utterance = say('Guten Tag.');
  await begin(0, 'a');
  expect(utterance.isOver).toBe(false);
  await end('a');
  expect(utterance.isOver).toBe(true);
  expect(log).toEqual(['speak Guten Tag. de']);
});

test('an end that comes before the id is the end', async () => {
  const { say, begin, end } = open();
  const utterance = say('Ja.');
  await end('a');
  expect(utterance.isOver).toBe(false);
  await begin(0, 'a');
  expect(utterance.isOver).toBe(true);
});

test('silence ends the utterance at once, and its late end is not the next one’s', async () => {
  const { speaker, log, say, begin, end, settled } = open();
  const first = say('Eins.');
  await begin(0, 'a');
  speaker.stop();
  await settled();
  expect(first.isOver).toBe(true);
  const second = say('Zwei.');
  await end('a');
  await begin(1, 'b');
  expect(second.isOver).toBe(false);
  await end('b');
  expect(second.isOver).toBe(true);
  expect(log).toEqual(['speak Eins. de', 'stop', 'speak Zwei. de']);
});

test('nothing is silenced while nothing is spoken', async () => {
  const { speaker, log, say, begin, end } = open();
  speaker.stop();
  const utterance = say('Ja.');
  await begin(0, 'a');
  await end('a');
  speaker.stop();
  expect(utterance.isOver).toBe(true);
  expect(log).toEqual(['speak Ja. de']);
});

test('what cannot be spoken is over', async () => {
  const { say, fail } = open();
  const utterance = say('Ja.');
  await fail(0);
  expect(utterance.isOver).toBe(true);
});
