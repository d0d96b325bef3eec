import { StyleSheet, View } from 'react-native';

import type { Residency } from '../../protocol/generated';
import { useScopes } from '../useScopes';
import { type Palette, usePalette } from './palette';
import { Badge, Line, Section } from './parts';

/** Every conversation, and where its KV is. */
export function ScopesSection() {
  const { scopes } = useScopes();
  const palette = usePalette();
  return (
    <Section title="Scopes">
      {scopes.length === 0 && <Line quiet>No conversation yet.</Line>}
      {scopes.map(({ id, residency, cachedTokens, messageCount, droppedMessages, savedAt }) => (
        <View key={id} style={styles.row}>
          <View style={styles.name}>
            <Line>{id}</Line>
            <Line quiet>
              {messageCount} messages · {cachedTokens} tokens cached
              {droppedMessages > 0 ? ` · ${droppedMessages} no longer seen` : ''}
              {savedAt === undefined ? '' : ' · on disk'}
            </Line>
          </View>
          <Badge label={residency} tone={toneOf(residency, palette)} />
        </View>
      ))}
    </Section>
  );
}

function toneOf(residency: Residency, { good, accent, warning, quiet }: Palette): string {
  switch (residency) {
    case 'resident':
      return good;
    case 'parked':
      return accent;
    case 'saved':
      return warning;
    case 'uncached':
      return quiet;
  }
}

const styles = StyleSheet.create({
  row: { flexDirection: 'row', alignItems: 'center', justifyContent: 'space-between', gap: 8 },
  name: { flexShrink: 1 },
});
