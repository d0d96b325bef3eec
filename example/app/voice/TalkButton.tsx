import { useRef } from 'react';
import { Pressable, StyleSheet, View } from 'react-native';

import { useTheme } from '../theme';
import { MicrophoneIcon } from '../ui/icons';

/**
 * Milliseconds. A shorter press is a tap, which starts the recording until the next tap; a longer press lasts while the
 * user talks.
 */
const TAP_MS = 350;

interface TalkButtonProps {
  readonly isListening: boolean;
  readonly disabled: boolean;
  readonly onStart: () => void;
  readonly onFinish: () => void;
}

/** A button to hold while talking, or to tap before and after. Space and Enter do both. */
export function TalkButton({ isListening, disabled, onStart, onFinish }: TalkButtonProps) {
  const { accent, onAccent, bad, ground } = useTheme();
  const press = useRef<{ readonly at: number; readonly began: boolean }>(undefined);
  const colour = isListening ? bad : accent;
  const inside = isListening ? ground : onAccent;
  return (
    <Pressable
      role="button"
      aria-label={isListening ? 'Stop talking' : 'Talk'}
      aria-pressed={isListening}
      aria-disabled={disabled}
      disabled={disabled}
      onPressIn={() => {
        press.current = { at: Date.now(), began: !isListening };
        if (!isListening) onStart();
      }}
      onPressOut={() => {
        const { at, began } = press.current ?? { at: 0, began: false };
        if (!began || Date.now() - at >= TAP_MS) onFinish();
      }}
      onPress={() => {
        // A screen reader presses without a finger, and so without `onPressIn`.
        const wasByHand = press.current !== undefined;
        press.current = undefined;
        if (wasByHand) return;
        if (isListening) onFinish();
        else onStart();
      }}
      style={({ pressed }) => [
        styles.button,
        { backgroundColor: colour, opacity: disabled ? 0.45 : pressed ? 0.85 : 1 },
      ]}
    >
      {isListening ? (
        <View style={[styles.square, { backgroundColor: inside }]} />
      ) : (
        <MicrophoneIcon colour={inside} size={36} />
      )}
    </Pressable>
  );
}

const styles = StyleSheet.create({
  button: {
    width: 76,
    height: 76,
    borderRadius: 38,
    alignItems: 'center',
    justifyContent: 'center',
    alignSelf: 'center',
  },
  square: { width: 24, height: 24, borderRadius: 5 },
});
