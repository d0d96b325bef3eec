import { StyleSheet, Text, View } from 'react-native';
import type { StoredModels } from 'react-native-llama-rs';

import { useTheme } from '../theme';
import { bytesText } from './amounts';

/**
 * The disk as a bar with a piece for each model, the largest first. The whole bar is the budget, or the disk without
 * one.
 */
export function DiskUse({ stored: { models, disk } }: { stored: StoredModels }) {
  const { accent, code, outline, quiet } = useTheme();
  const used = disk.modelsBytes + disk.partialBytes;
  const room = Math.max(disk.budgetBytes ?? used + (disk.freeBytes ?? 0), used, 1);
  // A file that several models share is part of each of them, and takes its space once.
  const named = models.reduce((sum, { bytes }) => sum + bytes, 0);
  const scale = named > used ? used / named : 1;
  const label = diskText(used, disk);
  return (
    <View style={styles.disk}>
      <Text style={[styles.label, { color: quiet }]}>{label}</Text>
      <View
        accessible
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round((100 * used) / room)}
        style={[styles.bar, { backgroundColor: code, borderColor: outline }]}
      >
        {[...models]
          .sort((one, other) => other.bytes - one.bytes)
          .map(({ name, bytes }) => (
            <View
              key={name}
              style={[styles.piece, { width: `${(100 * scale * bytes) / room}%`, backgroundColor: accent }]}
            />
          ))}
      </View>
    </View>
  );
}

function diskText(used: number, { budgetBytes, freeBytes }: StoredModels['disk']): string {
  const of = budgetBytes === undefined ? '' : ` of the ${bytesText(budgetBytes)} that they may take`;
  const free = freeBytes === undefined ? '' : `, ${bytesText(freeBytes)} free on the disk`;
  return `Models take ${bytesText(used)}${of}${free}`;
}

const styles = StyleSheet.create({
  disk: { gap: 6 },
  label: { fontSize: 13, lineHeight: 18 },
  bar: { height: 14, borderWidth: 1, borderRadius: 7, overflow: 'hidden', flexDirection: 'row', gap: 2 },
  // A small model on a large disk stays visible.
  piece: { minWidth: 3 },
});
