import type { HearingListener, HearingProblem } from '../../app/speech/Transcriber';
import { joined, loudness } from '../pcm';
import { type Recogniser, WhisperTranscriber } from '../WhisperTranscriber';

const SECOND = new Uint8Array(32_000);
const settled = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate'] }));
afterEach(() => jest.useRealTimers());

function open() {
  const log: string[] = [];
  let text = '';
  let sound: (pcm: Uint8Array) => void = () => undefined;
  let interrupt = () => {};
  let problem: HearingProblem | undefined;
  let isBroken = false;
  let evict: () => void | Promise<void> = () => undefined;
  const recogniser: Recogniser = {
    recognise: (pcm, language) => {
      log.push(`recognise ${pcm.byteLength} ${language}`);
      return isBroken ? Promise.reject(new Error('broken')) : Promise.resolve(text);
    },
    release: async () => void log.push('release'),
  };
  const transcriber = new WhisperTranscriber({
    client: {
      reserveMemory(options) {
        log.push(`resident ${options.sizeBytes} ${options.inUse}`);
        evict = () => options.evict('a model');
        return { id: 'whisper', update: ({ inUse }) => void log.push(`in use ${inUse}`), remove: () => undefined };
      },
    },
    microphone: {
      open(onSound, onInterrupted) {
        [sound, interrupt] = [onSound, onInterrupted];
        return Promise.resolve(problem);
      },
      close: () => void log.push('closed'),
    },
    loadRecogniser: () => {
      log.push('load');
      return Promise.resolve(recogniser);
    },
    sizeBytes: 150,
    languages: ['en', 'de'],
  });
  const listener = {
    onOpen: jest.fn(),
    onLevel: jest.fn(),
    onPartial: jest.fn(),
    onEnd: jest.fn(),
  } satisfies HearingListener;
  return {
    transcriber,
    listener,
    log,
    start: () => transcriber.start('de', listener),
    hear: async (words: string, pcm = SECOND) => {
      text = words;
      sound(pcm);
      await settled();
    },
    interrupt: () => interrupt(),
    deny: () => (problem = 'permissionDenied'),
    breakIt: () => (isBroken = true),
    evict: () => evict(),
  };
}

test('a second of sound is a guess, the end is the whole, and the weights stay', async () => {
  const { start, hear, listener, log } = open();
  const recording = start();
  await settled();
  await hear('mein');
  await hear('mein Name');
  recording.finish();
  await settled();
  expect(listener.onPartial.mock.calls).toEqual([['mein'], ['mein Name']]);
  expect(listener.onEnd.mock.calls).toEqual([[{ type: 'heard', text: 'mein Name' }]]);
  expect(log).toEqual([
    'load',
    'resident 150 true',
    'recognise 32000 de',
    'recognise 64000 de',
    'closed',
    'recognise 64000 de',
    'closed',
    'in use false',
  ]);
});

test('the second recording loads nothing, and the one after an eviction does', async () => {
  const { start, log, evict } = open();
  for (let count = 0; count < 2; count += 1) {
    start().cancel();
    await settled();
  }
  // The first recording ended before its weights were loaded.
  expect(log.filter((line) => !line.startsWith('closed'))).toEqual([
    'load',
    'resident 150 false',
    'in use true',
    'in use false',
  ]);
  await evict();
  start().cancel();
  await settled();
  expect(log.filter((line) => line === 'load' || line === 'release')).toEqual(['load', 'release', 'load']);
});

test('a denied microphone, an interruption and a broken recogniser each end it once, by their names', async () => {
  const denied = open();
  denied.deny();
  denied.start();
  await settled();
  expect(denied.listener.onEnd.mock.calls).toEqual([[{ type: 'failed', problem: 'permissionDenied' }]]);

  const interrupted = open();
  interrupted.start();
  await settled();
  interrupted.interrupt();
  interrupted.interrupt();
  expect(interrupted.listener.onEnd.mock.calls).toEqual([[{ type: 'failed', problem: 'interrupted' }]]);

  const broken = open();
  broken.breakIt();
  broken.start().finish();
  await settled();
  expect(broken.listener.onEnd.mock.calls).toEqual([[{ type: 'failed', problem: 'unavailable' }]]);
});

test('a microphone that falls silent, without even the noise of a room, was taken away', async () => {
  const { start, hear, listener } = open();
  start();
  await settled();
  jest.advanceTimersByTime(2999);
  await hear('half a');
  jest.advanceTimersByTime(2999);
  expect(listener.onEnd).not.toHaveBeenCalled();
  jest.advanceTimersByTime(1);
  expect(listener.onEnd.mock.calls).toEqual([[{ type: 'failed', problem: 'interrupted' }]]);
});

test('after its end a recording is not awaited any more', async () => {
  const { start, listener } = open();
  const recording = start();
  await settled();
  recording.finish();
  await settled();
  start().cancel();
  await settled();
  jest.advanceTimersByTime(10_000);
  expect(listener.onEnd.mock.calls).toEqual([[{ type: 'heard', text: '' }]]);
});

test('what whisper writes for noise is no word', async () => {
  const { start, hear, listener } = open();
  const recording = start();
  await settled();
  await hear(' [BLANK_AUDIO] (wind blowing)');
  recording.finish();
  await settled();
  expect(listener.onEnd.mock.calls).toEqual([[{ type: 'heard', text: '' }]]);
});

test('a cancelled recording says nothing more', async () => {
  const { start, hear, listener } = open();
  const recording = start();
  recording.cancel();
  await hear('late');
  recording.finish();
  await settled();
  expect(listener.onEnd).not.toHaveBeenCalled();
  expect(listener.onPartial).not.toHaveBeenCalled();
});

test('sound is joined in order, and its loudness is between silence and full scale', () => {
  expect([...new Uint8Array(joined([Uint8Array.of(1, 2), Uint8Array.of(3)]))]).toEqual([1, 2, 3]);
  expect(loudness(new Uint8Array(100))).toBe(0);
  expect(loudness(Uint8Array.of(0xff, 0x7f, 0x01, 0x80))).toBeCloseTo(1, 3);
  expect(loudness(Uint8Array.of(0x00, 0x08))).toBeGreaterThan(0);
});
