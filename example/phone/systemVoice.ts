import Speech, { type EventProps } from '@mhpdev/react-native-speech';
import { Platform } from 'react-native';

import type { SystemVoice } from './PhoneSpeaker';

/** The library's own pace is half the system's on Android; on iOS it is the system's. */
const PACE = Platform.OS === 'android' ? { rate: 1 } : {};

/** The library names a type for it that React Native does not export. */
type Event = (listener: (event: EventProps) => void) => unknown;

/** The voice that the user has chosen for the system. */
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
