import { StyleSheet, View } from 'react-native';
import { useDownloads } from 'react-native-llama-rs';

import { DownloadRow } from './DownloadRow';
import { Section } from './Section';

/** Downloads that run, wait or failed. Empty without any. */
export function Downloads() {
  const downloads = useDownloads();
  if (downloads.length === 0) return null;
  return (
    <Section title="Downloads">
      <View role="list" aria-label="Downloads" style={styles.list}>
        {downloads.map((one) => (
          <DownloadRow key={one.name} download={one} />
        ))}
      </View>
    </Section>
  );
}

const styles = StyleSheet.create({ list: { gap: 10 } });
