import { StyleSheet, View } from 'react-native';
import { useLlamaClient } from 'react-native-llama-rs';

import { newScope } from '../chats/names';
import { useServices } from '../services';
import { useCell } from '../store';
import { Button } from '../ui/parts';

/** Choice of the conversation, the language, and whether answers are spoken. */
export function VoiceOptions() {
  const client = useLlamaClient();
  const { scope, language, languages, reader, speaks, voice, prepares } = useServices();
  const isSpeaking = useCell(speaks);
  const isPreparing = useCell(prepares);
  const chosen = useCell(language);
  const nextLanguage = languages[(languages.indexOf(chosen) + 1) % languages.length];
  return (
    <View style={styles.row}>
      {languages.length > 1 && nextLanguage !== undefined && (
        <Button
          label={chosen}
          hint={`Language ${chosen}; change to ${nextLanguage}`}
          onPress={() => language.set(nextLanguage)}
        />
      )}
      {reader !== undefined && (
        <Button
          label={isSpeaking ? 'Speech on' : 'Speech off'}
          hint={isSpeaking ? 'Answers are spoken; turn off' : 'Answers are not spoken; turn on'}
          onPress={() => {
            if (isSpeaking) reader.stop();
            speaks.set(!isSpeaking);
          }}
        />
      )}
      {voice !== undefined && (
        <Button
          label={isPreparing ? 'Prefill on' : 'Prefill off'}
          hint={
            isPreparing
              ? 'Words are prefilled while you speak; turn off'
              : 'Words are prefilled after you have spoken; turn on'
          }
          onPress={() => prepares.set(!isPreparing)}
        />
      )}
      <Button label="New chat" onPress={() => scope.set(newScope(client.scopes.getSnapshot()))} />
    </View>
  );
}

const styles = StyleSheet.create({
  row: { flexDirection: 'row', flexWrap: 'wrap', gap: 8 },
});
