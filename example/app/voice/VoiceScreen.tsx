import { useEffect, useState } from 'react';
import { StyleSheet, Text, View } from 'react-native';

import { Composer } from '../conversation/Composer';
import { Conversation } from '../conversation/Conversation';
import { ChatProblems } from '../conversation/ChatProblems';
import { useTalk } from '../conversation/useTalk';
import { useServices } from '../services';
import { useCell } from '../store';
import { useTheme } from '../theme';
import { Empty } from '../ui/parts';
import { type Latency, latencyText, measureLatency } from './latency';
import { VoiceDock } from './VoiceDock';
import { VoiceOptions } from './VoiceOptions';

/** The screen for talking to the model, hearing or reading its answer, and interrupting it. */
export function VoiceScreen() {
  const services = useServices();
  const scope = useCell(services.scope);
  const { chat, say, prefill, interrupt } = useTalk(scope, 'VoiceScreen');
  const { voice, drafts, language, prepares } = services;
  // The latest of each kind, prefilled ahead or not, the newer one first.
  const [latencies, setLatencies] = useState<readonly Latency[]>([]);
  const { border, quiet, text } = useTheme();
  const isAnswering = chat.status === 'submitted' || chat.status === 'streaming';

  // A screen that unmounts ends its recording, and the words heard so far become a draft.
  useEffect(() => () => voice?.cancel('interrupted'), [voice]);

  const show = (latency: Latency) =>
    setLatencies((shown) => [latency, ...shown.filter(({ isPrepared }) => isPrepared !== latency.isPrepared)]);

  const listen = () => {
    const isPrepared = prepares.getSnapshot();
    void interrupt();
    voice?.start(language.getSnapshot(), {
      onPartial(text) {
        if (isPrepared) prefill(drafts.with(scope, text));
      },
      onHeard(words, recognisedMs) {
        const heard = { recognisedMs, heardAt: Date.now(), isPrepared };
        void say(drafts.take(scope, words)).then((generation) => measureLatency(generation, heard, show));
      },
      onLost: (partial) => drafts.keep(scope, partial),
    });
  };

  return (
    <View style={styles.screen}>
      <View style={[styles.head, { borderColor: border }]}>
        <Text role="heading" numberOfLines={2} style={[styles.title, { color: text }]}>
          {scope}
        </Text>
        <VoiceOptions />
      </View>
      <Conversation chat={chat}>
        <Empty
          title="Say something"
          detail="Hold the button while you talk, or tap it to start and to stop. Try “my name is Alice”, then ask for your name."
        />
      </Conversation>
      <View style={styles.dock}>
        <ChatProblems chat={chat} />
        {!isAnswering &&
          latencies.map((latency) => (
            <Text key={String(latency.isPrepared)} style={[styles.latency, { color: quiet }]}>
              {latencyText(latency)}
            </Text>
          ))}
        <VoiceDock onListen={listen} />
        <Composer
          scope={scope}
          onSay={(words) => void say(words)}
          onStop={isAnswering ? () => void interrupt() : undefined}
        />
      </View>
    </View>
  );
}

const styles = StyleSheet.create({
  screen: { flex: 1, minHeight: 0 },
  head: {
    flexDirection: 'row',
    flexWrap: 'wrap',
    alignItems: 'center',
    justifyContent: 'space-between',
    gap: 8,
    paddingHorizontal: 16,
    paddingVertical: 8,
    borderBottomWidth: 1,
  },
  // The name stands beside the buttons where it has room, else above them.
  title: { fontSize: 18, lineHeight: 22, fontWeight: '600', flexGrow: 1, flexShrink: 1, flexBasis: 96 },
  dock: { padding: 16, gap: 12 },
  latency: { fontSize: 12, lineHeight: 17, textAlign: 'center' },
});
