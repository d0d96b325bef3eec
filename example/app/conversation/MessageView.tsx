import { type ReactNode, useSyncExternalStore } from 'react';
import { StyleSheet, Text, View } from 'react-native';
import { type ChatMessage, type GenerationState, useLlamaClient } from 'react-native-llama-rs';

import { Markdown } from '../markdown/Markdown';
import { useTheme } from '../theme';
import { Progress } from '../ui/parts';

/** One message, with its buttons in `actions`. */
export function MessageView({ message, actions }: { message: ChatMessage; actions?: ReactNode }) {
  const theme = useTheme();
  const { role, content, generationId } = message;
  if (role === 'user') {
    return (
      <View role="listitem" aria-label={`You: ${content}`} style={styles.mine}>
        <View style={[styles.bubble, { backgroundColor: theme.mine }]}>
          <Text selectable style={[styles.text, { color: theme.onMine }]}>
            {content}
          </Text>
        </View>
        {actions}
      </View>
    );
  }
  return (
    <View role="listitem" style={styles.theirs}>
      <View
        aria-live="polite"
        aria-busy={generationId !== undefined}
        style={[styles.answer, { backgroundColor: theme.card, borderColor: theme.border }]}
      >
        {content === '' ? <Waiting generationId={generationId} /> : <Markdown text={content} />}
      </View>
      {actions}
    </View>
  );
}

/** The state of an answer that has no text yet. */
function Waiting({ generationId }: { generationId: string | undefined }) {
  const state = useGenerationState(generationId);
  const { quiet } = useTheme();
  if (state?.phase.type === 'prefilling' && state.phase.total > 0) {
    const { done, total } = state.phase;
    return <Progress label={`Reading, ${done} of ${total} tokens`} value={done / total} />;
  }
  return <Text style={[styles.text, { color: quiet }]}>{state?.phase.type === 'queued' ? 'Waiting…' : '…'}</Text>;
}

function useGenerationState(id: string | undefined): GenerationState | undefined {
  const client = useLlamaClient();
  const generation = id === undefined ? undefined : client.generation(id);
  return useSyncExternalStore(
    generation?.subscribe ?? subscribeToNothing,
    () => generation?.getSnapshot(),
    () => generation?.getSnapshot(),
  );
}

function subscribeToNothing(): () => void {
  return () => undefined;
}

const styles = StyleSheet.create({
  mine: { alignItems: 'flex-end', gap: 4 },
  theirs: { alignItems: 'flex-start', gap: 4 },
  bubble: { maxWidth: '85%', borderRadius: 18, borderBottomRightRadius: 6, paddingHorizontal: 14, paddingVertical: 9 },
  answer: {
    maxWidth: '92%',
    minWidth: 48,
    borderRadius: 18,
    borderBottomLeftRadius: 6,
    borderWidth: 1,
    paddingHorizontal: 14,
    paddingVertical: 10,
  },
  text: { fontSize: 16, lineHeight: 24 },
});
