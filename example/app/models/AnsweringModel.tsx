import { StyleSheet, Text, View } from 'react-native';

import { useServices } from '../services';
import { useCell } from '../store';
import { useTheme } from '../theme';
import { Button } from '../ui/parts';

/** The model that answers, with a button that returns to the app's own. */
export function AnsweringModel() {
  const { model, ownModel } = useServices();
  const { path } = useCell(model);
  const { quiet } = useTheme();
  return (
    <View style={styles.row}>
      <Text style={[styles.line, { color: quiet }]}>
        Answers come from {path.startsWith('/') ? path.slice(path.lastIndexOf('/') + 1) : path}.
      </Text>
      {path !== ownModel.path && <Button label="Use the app's own" onPress={() => model.set(ownModel)} />}
    </View>
  );
}

const styles = StyleSheet.create({
  row: { flexDirection: 'row', flexWrap: 'wrap', alignItems: 'center', justifyContent: 'space-between', gap: 8 },
  line: { fontSize: 14, lineHeight: 20, flexShrink: 1 },
});
