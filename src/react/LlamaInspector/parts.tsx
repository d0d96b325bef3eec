import type { ReactNode } from 'react';
import { Pressable, StyleSheet, Text, View } from 'react-native';

import { usePalette } from './palette';

// The building blocks of every section.

/** A titled card. */
export function Section({ title, aside, children }: { title: string; aside?: string; children?: ReactNode }) {
  const { card, border, text, quiet } = usePalette();
  return (
    <View role="region" aria-label={title} style={[styles.section, { backgroundColor: card, borderColor: border }]}>
      <View style={styles.head}>
        <Text role="heading" style={[styles.title, { color: text }]}>
          {title}
        </Text>
        {aside !== undefined && <Text style={[styles.small, { color: quiet }]}>{aside}</Text>}
      </View>
      {children}
    </View>
  );
}

/** A line of text; `quiet` makes it smaller and paler. */
export function Line({ quiet = false, tone, children }: { quiet?: boolean; tone?: string; children?: ReactNode }) {
  const palette = usePalette();
  return (
    <Text
      selectable
      style={[quiet ? styles.small : styles.text, { color: tone ?? (quiet ? palette.quiet : palette.text) }]}
    >
      {children}
    </Text>
  );
}

/** A word in a coloured outline. */
export function Badge({ label, tone }: { label: string; tone: string }) {
  return (
    <View style={[styles.badge, { borderColor: tone }]}>
      <Text style={[styles.badgeText, { color: tone }]}>{label}</Text>
    </View>
  );
}

/** A row that wraps on narrow screens. */
export function Row({ children }: { children?: ReactNode }) {
  return <View style={styles.row}>{children}</View>;
}

interface ActionProps {
  label: string;
  onPress: () => void;
  disabled?: boolean;
}

/** A button with a text. */
export function Action({ label, onPress, disabled = false }: ActionProps) {
  const { accent, outline } = usePalette();
  return (
    <Pressable
      role="button"
      aria-label={label}
      aria-disabled={disabled}
      disabled={disabled}
      onPress={onPress}
      style={({ pressed }) => [styles.action, { borderColor: outline, opacity: disabled ? 0.45 : pressed ? 0.6 : 1 }]}
    >
      <Text style={[styles.actionText, { color: accent }]}>{label}</Text>
    </Pressable>
  );
}

const styles = StyleSheet.create({
  section: { borderWidth: 1, borderRadius: 14, padding: 16, gap: 10 },
  head: { flexDirection: 'row', justifyContent: 'space-between', alignItems: 'baseline', gap: 8 },
  title: { fontSize: 16, fontWeight: '600' },
  text: { fontSize: 14, lineHeight: 20 },
  small: { fontSize: 12, lineHeight: 17 },
  row: { flexDirection: 'row', flexWrap: 'wrap', alignItems: 'center', gap: 8 },
  badge: { borderWidth: 1, borderRadius: 999, paddingHorizontal: 8, paddingVertical: 1 },
  badgeText: { fontSize: 12, lineHeight: 17, fontWeight: '500' },
  action: { borderWidth: 1, borderRadius: 10, minHeight: 44, justifyContent: 'center', paddingHorizontal: 14 },
  actionText: { fontSize: 14, fontWeight: '500' },
});
