import { ScrollView, StyleSheet, View } from 'react-native';
import { LlamaInspector } from 'react-native-llama-rs/inspector';

import { useServices } from './services';

/** The engine at work: models, conversations, its log. */
export function InspectorScreen() {
  const { onReload } = useServices();
  return (
    <ScrollView contentContainerStyle={styles.content}>
      <View style={styles.column}>
        <LlamaInspector onReload={onReload} />
      </View>
    </ScrollView>
  );
}

const styles = StyleSheet.create({
  content: { padding: 16, alignItems: 'center' },
  column: { width: '100%', maxWidth: 720 },
});
