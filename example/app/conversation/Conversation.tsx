import type { ReactNode } from 'react';
import { StyleSheet, View } from 'react-native';
import type { ChatMessage, UseLlamaChat } from 'react-native-llama-rs';

import { Messages } from './Messages';

interface ConversationProps {
  readonly chat: UseLlamaChat;
  /** Buttons for the message at an index. */
  readonly actionsOf?: (message: ChatMessage, index: number) => ReactNode;
  /** Shown while there is no message. */
  readonly children: ReactNode;
}

/** The messages of a conversation. Shows nothing while they are being read. */
export function Conversation({ chat: { messages, status }, actionsOf, children }: ConversationProps) {
  if (messages.length > 0) return <Messages messages={messages} {...(actionsOf && { actionsOf })} />;
  if (status === 'loading')
    return <View role="status" aria-busy aria-label="Reading the conversation" style={styles.fill} />;
  return children;
}

const styles = StyleSheet.create({ fill: { flex: 1 } });
