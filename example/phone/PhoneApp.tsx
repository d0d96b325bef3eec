import { useState } from 'react';
import { DevSettings, KeyboardAvoidingView, StyleSheet } from 'react-native';
import { LlamaProvider, useLlamaClient } from 'react-native-llama-rs';
import { SafeAreaProvider, SafeAreaView } from 'react-native-safe-area-context';

import { App } from '../app/App';
import { makeServices } from '../app/makeServices';
import { useTheme } from '../app/theme';
import { loadRecogniser } from './loadRecogniser';
import { phoneMicrophone } from './phoneMicrophone';
import { PhoneSpeaker } from './PhoneSpeaker';
import { systemVoice } from './systemVoice';
import { WhisperTranscriber } from './WhisperTranscriber';

/** Props from the native side: the folder of the app's own files, which has the two models. */
interface PhoneAppProps {
  readonly directory: string;
}

/** Memory of whisper's `base` model at 5 bits, in bytes. */
const WHISPER_BYTES = 150_000_000;

/** The app on a phone. `chat.gguf` answers, `whisper.bin` recognises speech. */
export function PhoneApp({ directory }: PhoneAppProps) {
  const { ground } = useTheme();
  return (
    <SafeAreaProvider>
      <SafeAreaView style={[styles.screen, { backgroundColor: ground }]}>
        <KeyboardAvoidingView behavior="padding" style={styles.screen}>
          <LlamaProvider>
            <Inside directory={directory} />
          </LlamaProvider>
        </KeyboardAvoidingView>
      </SafeAreaView>
    </SafeAreaProvider>
  );
}

function Inside({ directory }: PhoneAppProps) {
  const client = useLlamaClient();
  const [services] = useState(() =>
    makeServices(client, {
      model: { path: `${directory}/chat.gguf` },
      options: {},
      transcriber: new WhisperTranscriber({
        client,
        microphone: phoneMicrophone(),
        loadRecogniser: () => loadRecogniser(`${directory}/whisper.bin`),
        sizeBytes: WHISPER_BYTES,
        languages: ['en', 'de', 'fr', 'es', 'it', 'ja', 'zh'],
      }),
      speaker: new PhoneSpeaker(systemVoice()),
      onReload: () => DevSettings.reload(),
    }),
  );
  return <App client={client} services={services} />;
}

const styles = StyleSheet.create({ screen: { flex: 1 } });
