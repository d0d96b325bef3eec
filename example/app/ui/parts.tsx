import type { ReactNode } from 'react';
import { Pressable, StyleSheet, Text, View } from 'react-native';

import { type Theme, useTheme } from '../theme';

// The elements of every screen.

export type Kind = 'filled' | 'outlined' | 'plain' | 'quiet' | 'danger';

interface ButtonProps {
  readonly label: string;
  readonly onPress: () => void;
  readonly kind?: Kind;
  readonly disabled?: boolean;
  /** Text for screen readers, where the label alone is not enough. */
  readonly hint?: string;
}

export function Button({ label, onPress, kind = 'outlined', disabled = false, hint }: ButtonProps) {
  const theme = useTheme();
  const { ground, text, border } = looksOf(kind, theme);
  return (
    <Pressable
      role="button"
      aria-label={hint ?? label}
      aria-disabled={disabled}
      disabled={disabled}
      onPress={onPress}
      style={({ pressed }) => [
        styles.button,
        (kind === 'plain' || kind === 'quiet') && styles.plain,
        { backgroundColor: ground, borderColor: border, opacity: disabled ? 0.45 : pressed ? 0.7 : 1 },
      ]}
    >
      <Text style={[kind === 'quiet' ? styles.quietText : styles.buttonText, { color: text }]}>{label}</Text>
    </Pressable>
  );
}

function looksOf(kind: Kind, { accent, onAccent, outline, bad, text, quiet }: Theme) {
  switch (kind) {
    case 'filled':
      return { ground: accent, text: onAccent, border: accent };
    case 'outlined':
      return { ground: 'transparent', text, border: outline };
    case 'plain':
      return { ground: 'transparent', text: accent, border: 'transparent' };
    case 'quiet':
      return { ground: 'transparent', text: quiet, border: 'transparent' };
    case 'danger':
      return { ground: 'transparent', text: bad, border: bad };
  }
}

export type Tone = 'good' | 'warning' | 'bad' | 'quiet';

/** A word on a background of its own. */
export function Badge({ label, tone }: { label: string; tone: Tone }) {
  const { ground, text } = toneOf(tone, useTheme());
  return (
    <View style={[styles.badge, { backgroundColor: ground }]}>
      <Text style={[styles.badgeText, { color: text }]}>{label}</Text>
    </View>
  );
}

function toneOf(tone: Tone, theme: Theme) {
  switch (tone) {
    case 'good':
      return { ground: theme.goodGround, text: theme.good };
    case 'warning':
      return { ground: theme.warningGround, text: theme.warning };
    case 'bad':
      return { ground: theme.badGround, text: theme.bad };
    case 'quiet':
      return { ground: theme.code, text: theme.quiet };
  }
}

/** A message to the user, read out when it appears. `children` are buttons that help. */
export function Notice({
  tone,
  title,
  detail,
  children,
}: {
  tone: Tone;
  title: string;
  detail?: string | undefined;
  children?: ReactNode;
}) {
  const theme = useTheme();
  const { ground, text } = toneOf(tone, theme);
  return (
    <View role="alert" style={[styles.notice, { backgroundColor: ground }]}>
      <View style={styles.noticeText}>
        <Text style={[styles.noticeTitle, { color: text }]}>{title}</Text>
        {detail !== undefined && <Text style={[styles.noticeDetail, { color: theme.text }]}>{detail}</Text>}
      </View>
      {children !== undefined && <View style={styles.row}>{children}</View>}
    </View>
  );
}

/** A progress bar, 0 to 1. */
export function Progress({ label, value }: { label: string; value: number }) {
  const { accent, code, quiet } = useTheme();
  const percent = Math.round(100 * value);
  return (
    <View style={styles.progress}>
      <Text style={[styles.small, { color: quiet }]}>{label}</Text>
      <View
        accessible
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        style={[styles.track, { backgroundColor: code }]}
      >
        <View style={[styles.fill, { width: `${percent}%`, backgroundColor: accent }]} />
      </View>
    </View>
  );
}

/** The text of an empty list or screen. */
export function Empty({ title, detail, children }: { title: string; detail: string; children?: ReactNode }) {
  const { text, quiet } = useTheme();
  return (
    <View style={styles.empty}>
      <Text role="heading" style={[styles.emptyTitle, { color: text }]}>
        {title}
      </Text>
      <Text style={[styles.emptyDetail, { color: quiet }]}>{detail}</Text>
      {children}
    </View>
  );
}

const styles = StyleSheet.create({
  button: {
    minHeight: 44,
    minWidth: 44,
    borderRadius: 12,
    borderWidth: 1,
    paddingHorizontal: 16,
    alignItems: 'center',
    justifyContent: 'center',
  },
  plain: { paddingHorizontal: 8 },
  buttonText: { fontSize: 15, fontWeight: '600' },
  quietText: { fontSize: 13, fontWeight: '600' },
  badge: { borderRadius: 999, paddingHorizontal: 10, paddingVertical: 2, alignSelf: 'center' },
  badgeText: { fontSize: 12, lineHeight: 18, fontWeight: '600' },
  notice: { borderRadius: 12, padding: 12, gap: 8, flexDirection: 'row', flexWrap: 'wrap', alignItems: 'center' },
  noticeText: { flexGrow: 1, flexShrink: 1, flexBasis: 260 },
  noticeTitle: { fontSize: 14, lineHeight: 20, fontWeight: '600' },
  noticeDetail: { fontSize: 14, lineHeight: 20 },
  row: { flexDirection: 'row', flexWrap: 'wrap', gap: 8 },
  progress: { gap: 6 },
  track: { height: 6, borderRadius: 3, overflow: 'hidden' },
  fill: { height: 6, borderRadius: 3 },
  small: { fontSize: 13, lineHeight: 18 },
  empty: { flexGrow: 1, alignItems: 'center', justifyContent: 'center', padding: 32, gap: 8 },
  emptyTitle: { fontSize: 20, lineHeight: 28, fontWeight: '600', textAlign: 'center' },
  emptyDetail: { fontSize: 15, lineHeight: 22, textAlign: 'center', maxWidth: 420 },
});
