import { StyleSheet, Text, View } from 'react-native';
import { useModels } from 'react-native-llama-rs';

import { useServices } from './services';
import { useCell } from './store';
import { useTheme } from './theme';

/** The number of model loads since launch, which stays at 1. */
export function LoadsBanner() {
  const { model } = useServices();
  const chosen = useCell(model).path;
  const loads = useModels().find(({ path }) => path === chosen)?.loads ?? 0;
  const { good, goodGround, warning, warningGround } = useTheme();
  const isWell = loads <= 1;
  return (
    <View role="status" style={[styles.banner, { backgroundColor: isWell ? goodGround : warningGround }]}>
      <Text style={[styles.text, { color: isWell ? good : warning }]}>Model loads since launch: {loads}</Text>
    </View>
  );
}

const styles = StyleSheet.create({
  banner: { paddingVertical: 5, paddingHorizontal: 16 },
  text: { fontSize: 13, lineHeight: 18, fontWeight: '600', textAlign: 'center', fontVariant: ['tabular-nums'] },
});
