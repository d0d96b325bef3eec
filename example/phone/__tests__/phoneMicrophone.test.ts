import AudioRecord from '@fugood/react-native-audio-pcm-stream';
import { AppState, type AppStateStatus, PermissionsAndroid, Platform } from 'react-native';

import { phoneMicrophone } from '../phoneMicrophone';

// The test plays the part of the phone's system.
jest.mock('@fugood/react-native-audio-pcm-stream', () => ({
  __esModule: true,
  default: { init: jest.fn(), start: jest.fn(), stop: jest.fn(), on: jest.fn() },
}));
const recorder = jest.mocked(AudioRecord);

let answer: (granted: 'granted' | 'denied') => void;
let tellState: (state: AppStateStatus) => void;
const left = jest.fn();
const request = jest.spyOn(PermissionsAndroid, 'request');

beforeEach(() => {
  jest.resetAllMocks();
  Platform.OS = 'android';
  request.mockReturnValue(new Promise((resolve) => (answer = resolve)));
  jest.spyOn(AppState, 'addEventListener').mockImplementation((_, listener) => {
    tellState = listener;
    return { remove: left };
  });
});

/** Opens a microphone and answers the system's question. */
async function open(granted: 'granted' | 'denied' = 'granted') {
  const sounds: number[][] = [];
  const onInterrupted = jest.fn();
  const microphone = phoneMicrophone();
  const opening = microphone.open((pcm) => sounds.push([...pcm]), onInterrupted);
  answer(granted);
  const problem = await opening;
  const hear = (bytes: readonly number[]) => recorder.on.mock.calls.at(-1)?.[1](Buffer.from(bytes).toString('base64'));
  return { microphone, problem, sounds, onInterrupted, hear };
}

test('an open microphone hands on its sound until it is closed', async () => {
  const { microphone, problem, sounds, hear } = await open();
  expect(problem).toBeUndefined();
  hear([1, 2]);
  microphone.close();
  hear([3, 4]);
  expect(sounds).toEqual([[1, 2]]);
  expect(recorder.start).toHaveBeenCalledTimes(1);
  expect(recorder.stop).toHaveBeenCalledTimes(1);
  expect(left).toHaveBeenCalledTimes(1);
});

test('without permission nothing is recorded', async () => {
  const { problem } = await open('denied');
  expect(problem).toBe('permissionDenied');
  expect(recorder.init).not.toHaveBeenCalled();
});

test('a permission that comes when nobody wants to talk any more opens nothing', async () => {
  const microphone = phoneMicrophone();
  const opening = microphone.open(jest.fn(), jest.fn());
  microphone.close();
  answer('granted');
  await opening;
  expect(recorder.start).not.toHaveBeenCalled();
});

test('a microphone that the system does not give is an error', async () => {
  recorder.init.mockReturnValue(Promise.reject(new Error('in use')));
  await expect(open()).rejects.toThrow('in use');
});

test.each(['background', 'inactive'] as const)('an app that becomes %s interrupts it', async (state) => {
  const { onInterrupted } = await open();
  tellState('active');
  expect(onInterrupted).not.toHaveBeenCalled();
  tellState(state);
  expect(onInterrupted).toHaveBeenCalledTimes(1);
});

test('iOS asks by itself', async () => {
  Platform.OS = 'ios';
  expect(await phoneMicrophone().open(jest.fn(), jest.fn())).toBeUndefined();
  expect(request).not.toHaveBeenCalled();
  expect(recorder.start).toHaveBeenCalledTimes(1);
});
