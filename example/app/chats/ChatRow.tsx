import { useState } from 'react';
import { Pressable, StyleSheet, Text, TextInput, View } from 'react-native';
import { type Failure, type Residency, type ScopeSummary, useScopes } from 'react-native-llama-rs';

import { useServices } from '../services';
import { useTheme } from '../theme';
import { Badge, Button, type Tone } from '../ui/parts';
import { copyName } from './names';

interface ChatRowProps {
  readonly summary: ScopeSummary;
  readonly isOpen: boolean;
  readonly onOpen: (scope: string) => void;
}

/** Residency in words for the user. */
const PLACES: Readonly<Record<Residency, { readonly label: string; readonly tone: Tone }>> = {
  resident: { label: 'resident', tone: 'good' },
  parked: { label: 'parked', tone: 'warning' },
  saved: { label: 'saved', tone: 'quiet' },
  uncached: { label: 'uncached', tone: 'quiet' },
};

/** One conversation. A press opens it; its buttons fork, rename and delete it. */
export function ChatRow({ summary, isOpen, onOpen }: ChatRowProps) {
  const { id, messageCount, cachedTokens, residency } = summary;
  const { scopes, fork, deleteScope } = useScopes();
  const { scope } = useServices();
  const theme = useTheme();
  const [mode, setMode] = useState<'shown' | 'renamed' | 'deleted'>('shown');
  const [name, setName] = useState(id);
  const [failure, setFailure] = useState<string>();
  const run = (work: Promise<unknown>) => {
    setFailure(undefined);
    setMode('shown');
    work.catch((error: unknown) => setFailure((error as Failure).detail));
  };
  const rename = async () => {
    const as = name.trim();
    if (as === '' || as === id) return;
    // A copy costs no prefill: it starts with the original's KV.
    await fork(id, { as });
    await deleteScope(id);
    if (scope.getSnapshot() === id) scope.set(as);
  };
  const place = PLACES[residency];
  return (
    <View
      role="listitem"
      style={[styles.row, { backgroundColor: theme.card, borderColor: isOpen ? theme.accent : theme.border }]}
    >
      <Pressable
        role="button"
        aria-label={`Open ${id}, ${messageCount} messages, ${place.label}`}
        onPress={() => onOpen(id)}
        style={styles.open}
      >
        <View style={styles.head}>
          <Text numberOfLines={1} style={[styles.name, { color: theme.text }]}>
            {id}
          </Text>
          <Badge label={place.label} tone={place.tone} />
        </View>
        <Text numberOfLines={1} style={[styles.detail, { color: theme.quiet }]}>
          {messageCount} messages, {cachedTokens} tokens cached
        </Text>
      </Pressable>
      {mode === 'shown' && (
        <View style={styles.actions}>
          <Button
            label="Fork"
            kind="plain"
            hint={`Fork ${id}`}
            onPress={() => run(fork(id, { as: copyName(scopes, id) }))}
          />
          <Button
            label="Rename"
            kind="plain"
            hint={`Rename ${id}`}
            onPress={() => {
              setName(id);
              setMode('renamed');
            }}
          />
          <Button label="Delete" kind="plain" hint={`Delete ${id}`} onPress={() => setMode('deleted')} />
        </View>
      )}
      {mode === 'renamed' && (
        <View style={styles.form}>
          <TextInput
            aria-label="New name"
            autoFocus
            value={name}
            onChangeText={setName}
            onSubmitEditing={() => run(rename())}
            style={[styles.input, { color: theme.text, borderColor: theme.outline, backgroundColor: theme.ground }]}
          />
          <Button label="Save" kind="filled" onPress={() => run(rename())} />
          <Button label="Cancel" onPress={() => setMode('shown')} />
        </View>
      )}
      {mode === 'deleted' && (
        <View style={styles.form}>
          <Text style={[styles.detail, styles.whole, { color: theme.text }]}>Delete it for good?</Text>
          <Button label="Delete" kind="danger" hint={`Delete ${id} for good`} onPress={() => run(deleteScope(id))} />
          <Button label="Keep" onPress={() => setMode('shown')} />
        </View>
      )}
      {failure !== undefined && (
        <Text role="alert" style={[styles.detail, styles.failure, { color: theme.bad }]}>
          {failure}
        </Text>
      )}
    </View>
  );
}

const styles = StyleSheet.create({
  row: { borderWidth: 1, borderRadius: 14, paddingHorizontal: 14, paddingTop: 10, paddingBottom: 4, gap: 2 },
  open: { minHeight: 44, gap: 2, justifyContent: 'center' },
  head: { flexDirection: 'row', alignItems: 'center', justifyContent: 'space-between', gap: 8 },
  name: { fontSize: 16, lineHeight: 24, fontWeight: '600', flexShrink: 1 },
  detail: { fontSize: 13, lineHeight: 18 },
  // The first label aligns with the name: a plain button has 8 points and its border around its words.
  actions: { flexDirection: 'row', flexWrap: 'wrap', alignItems: 'center', gap: 4, marginLeft: -9 },
  form: { flexDirection: 'row', flexWrap: 'wrap', alignItems: 'center', gap: 8, paddingVertical: 6 },
  whole: { width: '100%' },
  failure: { paddingBottom: 6 },
  input: { width: '100%', minHeight: 44, borderWidth: 1, borderRadius: 12, paddingHorizontal: 12, fontSize: 16 },
});
