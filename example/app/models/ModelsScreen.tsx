import { ScrollView, StyleSheet, Text, useWindowDimensions, View } from 'react-native';

import { useServices } from '../services';
import { useCell } from '../store';
import { useTheme } from '../theme';
import { Notice } from '../ui/parts';
import { Downloads } from './Downloads';
import { Repository } from './Repository';
import { SearchForm } from './SearchForm';
import { StoredList } from './StoredList';
import { useStoredModels } from './useStoredModels';

/** Width, in points, from which the hub and this device stand beside each other. */
const WIDE = 1000;

/** The models of the hub, the downloads, and the models of this device. */
export function ModelsScreen() {
  const { online } = useServices();
  const isOnline = useCell(online);
  const { text, border } = useTheme();
  const isWide = useWindowDimensions().width >= WIDE;
  const device = useStoredModels();
  const search = <SearchForm />;
  const repository = <Repository stored={device.stored} />;
  const downloads = <Downloads />;
  const stored = <StoredList device={device} />;
  return (
    <View style={styles.screen}>
      <View style={[styles.head, { borderColor: border }]}>
        <Text role="heading" style={[styles.title, { color: text }]}>
          Models
        </Text>
      </View>
      <ScrollView contentContainerStyle={styles.content}>
        {!isOnline && (
          <Notice
            tone="warning"
            title="Not connected"
            detail="The host does not answer. The app goes on when the host is back."
          />
        )}
        {isWide ? (
          <View style={styles.columns}>
            <View style={styles.column}>
              {search}
              {repository}
            </View>
            <View style={styles.column}>
              {downloads}
              {stored}
            </View>
          </View>
        ) : (
          <View style={styles.single}>
            {search}
            {downloads}
            {repository}
            {stored}
          </View>
        )}
      </ScrollView>
    </View>
  );
}

const styles = StyleSheet.create({
  screen: { flex: 1, minHeight: 0 },
  head: { minHeight: 61, justifyContent: 'center', paddingHorizontal: 16, paddingVertical: 8, borderBottomWidth: 1 },
  title: { fontSize: 18, fontWeight: '600' },
  content: { padding: 16, gap: 16 },
  columns: { flexDirection: 'row', gap: 24 },
  column: { flex: 1, minWidth: 0, gap: 24 },
  single: { width: '100%', maxWidth: 720, alignSelf: 'center', gap: 24 },
});
