import Speech, { type EventProps } from '@mhpdev/react-native-speech';
import { Platform } from 'react-native';

import type { SystemVoice } from './PhoneSpeaker';

/** The library's default pace is the system's on iOS, and half the system's on Android. */
const PACE = Platform.OS === 'android' ? { rate: 1 } : {};

/** The library types its emitter with a type that React Native does not export. */
type Event = (listener: (event: EventProps) => void) => unknown;

/** The voice of the user's system settings. */
export function systemVoice(): SystemVoice {
  return {
    speak: (text, language) => Speech.speak(text, { language, ...PACE }),
    stop: () => Speech.stop(),
    onOver(listener) {
      const ends: readonly Event[] = [Speech.onFinish, Speech.onStopped, Speech.onError];
      for (const onEnd of ends) onEnd(({ id }) => listener(id));
    },
  };
}
