import { ScrollView, StyleSheet, Text, View } from 'react-native';
import { useScopes } from 'react-native-llama-rs';

import { useTheme } from '../theme';
import { Button, Empty } from '../ui/parts';
import { ChatRow } from './ChatRow';

interface ChatListProps {
  /** The conversation that is shown beside the list. */
  readonly open: string | undefined;
  readonly onOpen: (scope: string) => void;
  readonly onNew: () => void;
}

/** Every conversation, the most recently used first. */
export function ChatList({ open, onOpen, onNew }: ChatListProps) {
  const { scopes } = useScopes();
  const { text, border } = useTheme();
  const sorted = [...scopes].sort((left, right) => right.lastUsedAt - left.lastUsedAt);
  return (
    <View style={styles.list}>
      <View style={[styles.head, { borderColor: border }]}>
        <Text role="heading" style={[styles.title, { color: text }]}>
          Chats
        </Text>
        <Button label="New chat" kind="filled" onPress={onNew} />
      </View>
      {sorted.length === 0 ? (
        <Empty title="No conversation yet" detail="Begin one here, or in the Voice tab." />
      ) : (
        <ScrollView contentContainerStyle={styles.rows}>
          <View role="list" aria-label="Conversations" style={styles.rowList}>
            {sorted.map((summary) => (
              <ChatRow key={summary.id} summary={summary} isOpen={summary.id === open} onOpen={onOpen} />
            ))}
          </View>
        </ScrollView>
      )}
    </View>
  );
}

const styles = StyleSheet.create({
  list: { flex: 1, minHeight: 0 },
  head: {
    flexDirection: 'row',
    alignItems: 'center',
    justifyContent: 'space-between',
    paddingHorizontal: 16,
    paddingVertical: 8,
    borderBottomWidth: 1,
  },
  title: { fontSize: 18, fontWeight: '600' },
  rows: { padding: 16 },
  rowList: { gap: 10 },
});
