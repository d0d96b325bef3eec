import AudioRecord from '@fugood/react-native-audio-pcm-stream';
import { Buffer } from 'buffer';
import { AppState, PermissionsAndroid, Platform } from 'react-native';

import type { PhoneMicrophone } from './WhisperTranscriber';

/** Android's audio source for speech recognition. */
const VOICE_RECOGNITION = 6;

const FORMAT = {
  sampleRate: 16_000,
  channels: 1,
  bitsPerSample: 16,
  audioSource: VOICE_RECOGNITION,
  bufferSize: 4096,
  wavFile: '',
} as const;

/** The phone's microphone. A recording ends when the app leaves the foreground. */
export function phoneMicrophone(): PhoneMicrophone {
  // Counts the requests, so that a permission that arrives too late is known to be unwanted.
  let newest = 0;
  let stop = () => {};
  const close = () => {
    newest += 1;
    stop();
    stop = () => {};
  };
  return {
    async open(onSound, onInterrupted) {
      close();
      const mine = newest;
      if (!(await isAllowed())) return 'permissionDenied';
      if (newest === mine) await AudioRecord.init(FORMAT);
      if (newest !== mine) return undefined;
      AudioRecord.on('data', (base64) => {
        if (newest === mine) onSound(Buffer.from(base64, 'base64'));
      });
      // A call, the lock screen or another app takes the foreground.
      const subscription = AppState.addEventListener('change', (state) => {
        if (state !== 'active') onInterrupted();
      });
      stop = () => {
        subscription.remove();
        void AudioRecord.stop();
      };
      AudioRecord.start();
      return undefined;
    },
    close,
  };
}

/** Asks for permission on Android. iOS asks by itself when the microphone opens. */
async function isAllowed(): Promise<boolean> {
  if (Platform.OS !== 'android') return true;
  return (await PermissionsAndroid.request('android.permission.RECORD_AUDIO')) === 'granted';
}
