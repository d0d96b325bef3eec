import AudioRecord from '@fugood/react-native-audio-pcm-stream';
import { Buffer } from 'buffer';
import { AppState, PermissionsAndroid, Platform } from 'react-native';

import type { PhoneMicrophone } from './WhisperTranscriber';

/** Android's audio source that is tuned for recognition. */
const VOICE_RECOGNITION = 6;

/** The phone's microphone. A recording ends when the app leaves the foreground. */
export function phoneMicrophone(): PhoneMicrophone {
  let close = () => {};
  return {
    async open(onSound, onInterrupted) {
      if (!(await isAllowed())) return 'permissionDenied';
      AudioRecord.init({ sampleRate: 16_000, channels: 1, bitsPerSample: 16, audioSource: VOICE_RECOGNITION, bufferSize: 4096, wavFile: '' });
      AudioRecord.on('data', (base64) => onSound(Buffer.from(base64, 'base64')));
      // A call, the lock, another app: each takes the foreground.
      const subscription = AppState.addEventListener('change', (state) => {
        if (state !== 'active') onInterrupted();
      });
      close = () => {
        subscription.remove();
        void AudioRecord.stop();
        close = () => {};
      };
      AudioRecord.start();
      return undefined;
    },
    close: () => close(),
  };
}

/** iOS asks by itself when the microphone is opened. */
async function isAllowed(): Promise<boolean> {
  if (Platform.OS !== 'android') return true;
  return (await PermissionsAndroid.request('android.permission.RECORD_AUDIO')) === 'granted';
}
