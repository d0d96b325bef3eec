import { StyleSheet, Text, View } from 'react-native';

import { useServices } from '../services';
import { Cell, useCell } from '../store';
import { useTheme } from '../theme';
import { Button, Notice } from '../ui/parts';
import { LevelMeter } from './LevelMeter';
import { PROBLEMS } from './problems';
import { TalkButton } from './TalkButton';
import type { Voice } from './VoiceSession';

const SILENT = new Cell<Voice>({ type: 'idle' });

/** The microphone: its button, its level, the words heard so far, and problems. */
export function VoiceDock({ onListen }: { onListen: () => void }) {
  const { voice, online } = useServices();
  const state = useCell(voice?.state ?? SILENT);
  const isOnline = useCell(online);
  const { text, quiet } = useTheme();
  if (voice === undefined) {
    return (
      <Notice
        tone="quiet"
        title="Nothing is heard here"
        detail="This host has no speech recogniser. Write your message."
      />
    );
  }
  const isListening = state.type === 'opening' || state.type === 'listening';
  const problem = state.type === 'idle' && state.problem !== undefined ? PROBLEMS[state.problem] : undefined;
  return (
    <View style={styles.dock}>
      {problem !== undefined && (
        <Notice tone="warning" title={problem.title} detail={problem.detail}>
          <Button label="Dismiss" onPress={() => voice.dismiss()} />
        </Notice>
      )}
      <View aria-live="polite" style={styles.words}>
        <Words state={state} text={text} quiet={quiet} />
      </View>
      {state.type === 'listening' && <LevelMeter level={state.level} />}
      <View style={styles.buttons}>
        <View style={styles.side} />
        <TalkButton
          isListening={isListening}
          disabled={!isOnline || state.type === 'recognising'}
          onStart={onListen}
          onFinish={() => voice.finish()}
        />
        <View style={styles.side}>
          {state.type !== 'idle' && (
            <Button label="Cancel" hint="Discard the recording" onPress={() => voice.cancel()} />
          )}
        </View>
      </View>
    </View>
  );
}

function Words({ state, text, quiet }: { state: Voice; text: string; quiet: string }) {
  switch (state.type) {
    case 'idle':
      return <Text style={[styles.hint, { color: quiet }]}>Hold to talk, or tap</Text>;
    case 'opening':
      return <Text style={[styles.hint, { color: quiet }]}>Opening the microphone…</Text>;
    case 'listening':
      return (
        <Text style={[styles.partial, { color: state.partial === '' ? quiet : text }]}>
          {state.partial === '' ? 'Listening…' : state.partial}
        </Text>
      );
    case 'recognising':
      return (
        <Text style={[styles.partial, { color: quiet }]}>
          {state.partial === '' ? 'Recognising…' : `${state.partial} …`}
        </Text>
      );
  }
}

const styles = StyleSheet.create({
  dock: { gap: 10, width: '100%', maxWidth: 720, alignSelf: 'center' },
  words: { minHeight: 26, justifyContent: 'center' },
  hint: { fontSize: 14, lineHeight: 20, textAlign: 'center' },
  partial: { fontSize: 18, lineHeight: 26, textAlign: 'center' },
  buttons: { flexDirection: 'row', alignItems: 'center', justifyContent: 'center', gap: 16 },
  side: { width: 96, alignItems: 'flex-start' },
});
