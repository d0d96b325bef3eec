import { StyleSheet, TextInput, View } from 'react-native';

import { useServices } from '../services';
import { useCell } from '../store';
import { useTheme } from '../theme';
import { Button } from '../ui/parts';

/** The field for the name of a repository of the hub. */
export function SearchForm() {
  const { modelSearch, online } = useServices();
  const text = useCell(modelSearch.text);
  const isOnline = useCell(online);
  const isSearching = useCell(modelSearch.found).type === 'searching';
  const theme = useTheme();
  const canSearch = isOnline && !isSearching && text.trim() !== '';
  const search = () => {
    if (canSearch) void modelSearch.search();
  };
  return (
    <View style={styles.row}>
      <TextInput
        aria-label="Repository"
        placeholder="hf:org/repo"
        placeholderTextColor={theme.quiet}
        value={text}
        onChangeText={modelSearch.text.set}
        onSubmitEditing={search}
        submitBehavior="submit"
        returnKeyType="search"
        autoCapitalize="none"
        autoCorrect={false}
        style={[styles.input, { color: theme.text, backgroundColor: theme.card, borderColor: theme.outline }]}
      />
      <Button label="Search" hint="Search the hub" kind="filled" disabled={!canSearch} onPress={search} />
    </View>
  );
}

const styles = StyleSheet.create({
  row: { flexDirection: 'row', gap: 8, alignItems: 'center' },
  input: { flex: 1, minWidth: 0, minHeight: 44, borderWidth: 1, borderRadius: 12, paddingHorizontal: 14, fontSize: 16 },
});
