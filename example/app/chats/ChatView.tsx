import { useState } from 'react';
import { StyleSheet, Text, View } from 'react-native';
import { type ChatMessage, useScopes } from 'react-native-llama-rs';

import { Composer } from '../conversation/Composer';
import { Conversation } from '../conversation/Conversation';
import { ChatProblems } from '../conversation/ChatProblems';
import { useTalk } from '../conversation/useTalk';
import { useServices } from '../services';
import { useTheme } from '../theme';
import { Button, Empty, Notice } from '../ui/parts';
import { copyName } from './names';

interface ChatViewProps {
  readonly scope: string;
  readonly onOpen: (scope: string) => void;
  /** Absent where the list stands beside the conversation. */
  readonly onBack: (() => void) | undefined;
}

/**
 * One conversation in writing. The user edits the last question, regenerates the last answer, or forks at any message.
 */
export function ChatView({ scope, onOpen, onBack }: ChatViewProps) {
  const { chat, say, regenerate, interrupt } = useTalk(scope, 'ChatView');
  const { drafts } = useServices();
  const { scopes, fork } = useScopes();
  const { text, border } = useTheme();
  const [edited, setEdited] = useState<number>();
  const isAnswering = chat.status === 'submitted' || chat.status === 'streaming';
  const lastQuestion = chat.messages.reduce((last, { role }, index) => (role === 'user' ? index : last), -1);

  const edit = (index: number, { content }: ChatMessage) => {
    drafts.of(scope).set(content);
    setEdited(index);
  };
  const forkAfter = async (index: number) => {
    onOpen(await fork(scope, { as: copyName(scopes, scope), messageCount: index + 1 }));
  };
  const actionsOf = (message: ChatMessage, index: number) => {
    if (isAnswering) return undefined;
    return (
      <View style={styles.actions}>
        {index === lastQuestion && (
          <Button label="Edit" kind="quiet" hint="Edit the last question" onPress={() => edit(index, message)} />
        )}
        {index > lastQuestion && <Button label="Regenerate" kind="quiet" onPress={() => void regenerate()} />}
        {message.role === 'assistant' && (
          <Button
            label="Fork"
            kind="quiet"
            hint="Fork the conversation here"
            onPress={() => void forkAfter(index).catch(() => undefined)}
          />
        )}
      </View>
    );
  };
  return (
    <View style={styles.view}>
      <View style={[styles.head, { borderColor: border }]}>
        {onBack !== undefined && <Button label="Back" hint="Back to the list" onPress={onBack} />}
        <Text role="heading" numberOfLines={1} style={[styles.title, { color: text }]}>
          {scope}
        </Text>
      </View>
      <Conversation chat={chat} actionsOf={actionsOf}>
        <Empty title="An empty page" detail="Write the first message of this conversation." />
      </Conversation>
      <View style={styles.dock}>
        <ChatProblems chat={chat} />
        {edited !== undefined && (
          <View style={styles.column}>
            <Notice tone="quiet" title="You edit your last question" detail="Its answer is replaced when you send.">
              <Button
                label="Cancel"
                hint="Cancel editing"
                onPress={() => {
                  setEdited(undefined);
                  drafts.take(scope);
                }}
              />
            </Notice>
          </View>
        )}
        <Composer
          scope={scope}
          onSay={(words) => {
            setEdited(undefined);
            void say(words, edited);
          }}
          onStop={isAnswering ? () => void interrupt() : undefined}
        />
      </View>
    </View>
  );
}

const styles = StyleSheet.create({
  view: { flex: 1, minHeight: 0 },
  head: {
    flexDirection: 'row',
    alignItems: 'center',
    gap: 12,
    paddingHorizontal: 16,
    paddingVertical: 8,
    minHeight: 61,
    borderBottomWidth: 1,
  },
  title: { fontSize: 18, fontWeight: '600', flexShrink: 1 },
  // The labels align with the text of the message.
  actions: { flexDirection: 'row', flexWrap: 'wrap', paddingHorizontal: 6, marginBottom: -8 },
  dock: { padding: 16, gap: 12 },
  column: { width: '100%', maxWidth: 720, alignSelf: 'center' },
});
