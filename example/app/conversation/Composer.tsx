import { StyleSheet, TextInput, View } from 'react-native';

import { useServices } from '../services';
import { useCell } from '../store';
import { useTheme } from '../theme';
import { Button } from '../ui/parts';

interface ComposerProps {
  readonly scope: string;
  readonly onSay: (text: string) => void;
  /** Ends the answer. Present only while one is under way. */
  readonly onStop?: (() => void) | undefined;
}

/** The text field. It shows the conversation's draft, so its text outlives the screen. */
export function Composer({ scope, onSay, onStop }: ComposerProps) {
  const { drafts, online } = useServices();
  const draft = drafts.of(scope);
  const text = useCell(draft);
  const isOnline = useCell(online);
  const theme = useTheme();
  const canSay = isOnline && text.trim() !== '';
  const say = () => {
    if (canSay) onSay(drafts.take(scope));
  };
  return (
    <View style={styles.row}>
      <TextInput
        aria-label="Message"
        placeholder="Write a message"
        placeholderTextColor={theme.quiet}
        value={text}
        onChangeText={draft.set}
        onSubmitEditing={say}
        submitBehavior="submit"
        returnKeyType="send"
        style={[styles.input, { color: theme.text, backgroundColor: theme.card, borderColor: theme.outline }]}
      />
      {onStop === undefined ? (
        <Button label="Send" kind="filled" disabled={!canSay} onPress={say} />
      ) : (
        <Button label="Stop" hint="Stop the answer" onPress={onStop} />
      )}
    </View>
  );
}

const styles = StyleSheet.create({
  row: { flexDirection: 'row', gap: 8, alignItems: 'center', width: '100%', maxWidth: 720, alignSelf: 'center' },
  input: { flex: 1, minWidth: 0, minHeight: 44, borderWidth: 1, borderRadius: 12, paddingHorizontal: 14, fontSize: 16 },
});
