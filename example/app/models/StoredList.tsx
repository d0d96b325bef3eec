import { StyleSheet, Text, View } from 'react-native';
import { useDownloads } from 'react-native-llama-rs';

import { useTheme } from '../theme';
import { AnsweringModel } from './AnsweringModel';
import { ActionFailure } from './ActionFailure';
import { DiskUse } from './DiskUse';
import { Section } from './Section';
import { StoredRow } from './StoredRow';
import type { UseStoredModels } from './useStoredModels';

/** The models of this device, the most recently used first, and the disk space that they take. */
export function StoredList({ device: { stored, failure, reread } }: { device: UseStoredModels }) {
  const downloads = useDownloads();
  const { quiet } = useTheme();
  // A model that is being downloaded is shown among the downloads.
  const models =
    stored?.models.filter(({ name, isComplete }) => isComplete || !downloads.some((one) => one.name === name)) ?? [];
  return (
    <Section title="On this device">
      <AnsweringModel />
      <ActionFailure failure={failure} />
      {stored !== undefined && <DiskUse stored={stored} />}
      {stored !== undefined && models.length === 0 && (
        <Text style={[styles.line, { color: quiet }]}>No model has been downloaded yet.</Text>
      )}
      <View role="list" aria-label="Stored models" style={styles.list}>
        {[...models].reverse().map((model) => (
          <StoredRow key={model.name} model={model} onRemoved={reread} />
        ))}
      </View>
    </Section>
  );
}

const styles = StyleSheet.create({
  line: { fontSize: 14, lineHeight: 20 },
  list: { gap: 10 },
});
