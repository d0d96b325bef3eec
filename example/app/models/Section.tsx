import type { ReactNode } from 'react';
import { StyleSheet, Text, View } from 'react-native';

import { useTheme } from '../theme';

/** A part of the screen, under its title. */
export function Section({ title, children }: { title: string; children: ReactNode }) {
  const { text } = useTheme();
  return (
    <View style={styles.section}>
      <Text role="heading" aria-level={2} style={[styles.title, { color: text }]}>
        {title}
      </Text>
      {children}
    </View>
  );
}

/** A list's entry, on a background of its own. */
export function Card({ children }: { children: ReactNode }) {
  const { card, border } = useTheme();
  return (
    <View role="listitem" style={[styles.card, { backgroundColor: card, borderColor: border }]}>
      {children}
    </View>
  );
}

const styles = StyleSheet.create({
  section: { gap: 10 },
  title: { fontSize: 16, lineHeight: 24, fontWeight: '600' },
  card: { borderWidth: 1, borderRadius: 14, padding: 14, gap: 8 },
});
