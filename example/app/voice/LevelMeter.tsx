import { StyleSheet, View } from 'react-native';

import { useTheme } from '../theme';

const BARS = 21;
const HEIGHT = 36;

/** Loudness, 0 to 1, as bars that are highest in the middle. */
export function LevelMeter({ level }: { level: number }) {
  const { accent } = useTheme();
  return (
    <View
      accessible
      role="meter"
      aria-label="Microphone level"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(100 * level)}
      style={styles.row}
    >
      {Array.from({ length: BARS }, (_, index) => {
        const share = Math.cos(((index - (BARS - 1) / 2) / BARS) * Math.PI) ** 2;
        return (
          <View
            key={index}
            style={[styles.bar, { backgroundColor: accent, height: 4 + (HEIGHT - 4) * level * share }]}
          />
        );
      })}
    </View>
  );
}

const styles = StyleSheet.create({
  row: { flexDirection: 'row', alignItems: 'center', justifyContent: 'center', gap: 4, height: HEIGHT },
  bar: { width: 4, borderRadius: 2 },
});
