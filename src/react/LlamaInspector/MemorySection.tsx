import { StyleSheet, View } from 'react-native';

import { useLlamaClient } from '../client';
import { useStore } from '../useStore';
import { memoryUse } from './memoryUse';
import { usePalette } from './palette';
import { Line, Row, Section } from './parts';
import { bytesText } from './units';
import { useMemoryFits } from './useMemoryFits';

/** The uses of the memory, as parts of a bar. Its whole length is the used and the free memory. */
export function MemorySection() {
  const residents = useStore(useLlamaClient().residents);
  const use = memoryUse(useMemoryFits(), residents);
  const { parts, track } = usePalette();
  const shares = [
    { name: 'Weights', bytes: use.weights, colour: parts.weights },
    { name: 'KV', bytes: use.kv, colour: parts.kv },
    { name: 'Compute', bytes: use.compute, colour: parts.compute },
    { name: 'Beside the models', bytes: use.residents, colour: parts.residents },
  ];
  const used = shares.reduce((total, { bytes }) => total + bytes, 0);
  const whole = used + (use.free ?? 0);
  const free = use.free === undefined ? '' : `, ${bytesText(use.free)} free`;
  return (
    <Section title="Memory" aside={`${bytesText(used)} used${free}`}>
      <View
        accessible
        role="img"
        aria-label={`Memory: ${bytesText(used)} used${free}`}
        style={[styles.bar, { backgroundColor: track }]}
      >
        {shares.map(({ name, bytes, colour }) => {
          // A use that is small is still visible.
          const share = bytes === 0 ? 0 : Math.max(100 * (bytes / whole), 0.6);
          return <View key={name} style={{ width: `${share}%`, backgroundColor: colour }} />;
        })}
      </View>
      <Row>
        {shares.map(({ name, bytes, colour }) => (
          <View key={name} style={styles.key}>
            <View style={[styles.dot, { backgroundColor: colour }]} />
            <Line quiet>
              {name} {bytesText(bytes)}
            </Line>
          </View>
        ))}
      </Row>
      {residents.map(({ id, name, sizeBytes, inUse }) => (
        <Line key={id} quiet>
          {name}: {bytesText(sizeBytes)}, {inUse ? 'at work' : 'may be evicted'}
        </Line>
      ))}
    </Section>
  );
}

const styles = StyleSheet.create({
  bar: { flexDirection: 'row', height: 14, borderRadius: 7, overflow: 'hidden' },
  key: { flexDirection: 'row', alignItems: 'center', gap: 6, marginRight: 6 },
  dot: { width: 10, height: 10, borderRadius: 5 },
});
