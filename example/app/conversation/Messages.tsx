import { type ComponentRef, type ReactNode, useEffect, useRef } from 'react';
import { ScrollView, StyleSheet, View } from 'react-native';
import type { ChatMessage } from 'react-native-llama-rs';

import { MessageView } from './MessageView';

interface MessagesProps {
  readonly messages: readonly ChatMessage[];
  /** Buttons for the message at an index. */
  readonly actionsOf?: (message: ChatMessage, index: number) => ReactNode;
}

/** Points from the end within which the list still counts as scrolled to its end. */
const NEAR = 80;

/** The messages of a conversation. The list follows its end while the end is in sight. */
export function Messages({ messages, actionsOf }: MessagesProps) {
  const view = useRef<ComponentRef<typeof ScrollView>>(null);
  const isAtEnd = useRef(true);
  const followEnd = () => {
    if (isAtEnd.current) view.current?.scrollToEnd({ animated: false });
  };
  const last = messages[messages.length - 1]?.content.length;
  useEffect(followEnd, [messages.length, last]);
  return (
    <ScrollView
      ref={view}
      style={styles.view}
      contentContainerStyle={styles.content}
      onScroll={({ nativeEvent: { contentOffset, contentSize, layoutMeasurement } }) => {
        isAtEnd.current = contentOffset.y + layoutMeasurement.height >= contentSize.height - NEAR;
      }}
      scrollEventThrottle={50}
      // The composer below has grown.
      onLayout={followEnd}
    >
      <View role="list" aria-label="Conversation" style={styles.list}>
        {messages.map((message, index) =>
          message.role === 'system' ? null : (
            <MessageView key={index} message={message} actions={actionsOf?.(message, index)} />
          ),
        )}
      </View>
    </ScrollView>
  );
}

const styles = StyleSheet.create({
  view: { flex: 1 },
  content: { flexGrow: 1, padding: 16, alignItems: 'center' },
  list: { width: '100%', maxWidth: 720, gap: 14 },
});
