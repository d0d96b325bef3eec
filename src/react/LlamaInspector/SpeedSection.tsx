import { StyleSheet, View } from 'react-native';

import { useLlamaClient } from '../client';
import { useStore } from '../useStore';
import { usePalette } from './palette';
import { Line, Section } from './parts';
import { speeds } from './speeds';

/** Tokens per second of the last answers, one bar each. */
export function SpeedSection() {
  const generations = useStore(useLlamaClient().generations);
  const all = speeds(generations.map((generation) => generation.getSnapshot()));
  const { accent, track } = usePalette();
  const last = all[all.length - 1];
  const fastest = Math.max(...all.map(({ tokensPerSecond }) => tokensPerSecond), 1);
  if (last === undefined) {
    return (
      <Section title="Tokens per second">
        <Line quiet>No answer yet.</Line>
      </Section>
    );
  }
  const latest = Math.round(last.tokensPerSecond);
  return (
    <Section title="Tokens per second" aside={`last ${latest}, fastest ${Math.round(fastest)}`}>
      <View
        accessible
        role="img"
        aria-label={`The last ${all.length} answers; the latest at ${latest} tokens per second`}
        style={styles.chart}
      >
        {all.map(({ id, tokensPerSecond }) => (
          <View key={id} style={[styles.column, { backgroundColor: track }]}>
            <View
              style={{ height: `${100 * (tokensPerSecond / fastest)}%`, backgroundColor: accent, borderRadius: 3 }}
            />
          </View>
        ))}
      </View>
      <Line quiet>
        Last answer: first token after {Math.round(last.firstTokenMs)} ms, {last.prefilledTokens} tokens prefilled,{' '}
        {last.cachedTokens} reused
      </Line>
    </Section>
  );
}

const styles = StyleSheet.create({
  chart: { flexDirection: 'row', alignItems: 'flex-end', height: 72, gap: 4 },
  column: {
    flexGrow: 1,
    maxWidth: 24,
    height: '100%',
    justifyContent: 'flex-end',
    borderRadius: 3,
    overflow: 'hidden',
  },
});
