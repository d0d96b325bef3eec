import { useState } from 'react';
import { StyleSheet, useWindowDimensions, View } from 'react-native';
import { type LlamaClient, LlamaProvider } from 'react-native-llama-rs';

import { ChatsScreen } from './chats/ChatsScreen';
import { InspectorScreen } from './InspectorScreen';
import { LoadsBanner } from './LoadsBanner';
import { ModelsScreen } from './models/ModelsScreen';
import { type Services, ServicesProvider } from './services';
import { type Tab, TabBar } from './TabBar';
import { useTheme } from './theme';
import { VoiceScreen } from './voice/VoiceScreen';

/** Width, in points, from which the tabs stand at the side. */
const WIDE = 820;

interface AppProps {
  /** @default the platform's own engine */
  readonly client?: LlamaClient;
  readonly services: Services;
}

/** The voice-to-chat app. Each tab unmounts the others; models and conversations outlive all of them. */
export function App({ client, services }: AppProps) {
  const [tab, setTab] = useState<Tab>('voice');
  const { ground } = useTheme();
  const isWide = useWindowDimensions().width >= WIDE;
  return (
    <LlamaProvider {...(client && { client })}>
      <ServicesProvider value={services}>
        <View style={[styles.app, { backgroundColor: ground, flexDirection: isWide ? 'row-reverse' : 'column' }]}>
          <View style={styles.main}>
            <LoadsBanner />
            <View role="tabpanel" aria-label={tab} style={styles.screen}>
              <Screen tab={tab} />
            </View>
          </View>
          <TabBar tab={tab} onTab={setTab} isWide={isWide} />
        </View>
      </ServicesProvider>
    </LlamaProvider>
  );
}

function Screen({ tab }: { tab: Tab }) {
  switch (tab) {
    case 'voice':
      return <VoiceScreen />;
    case 'chats':
      return <ChatsScreen />;
    case 'models':
      return <ModelsScreen />;
    case 'inspector':
      return <InspectorScreen />;
  }
}

const styles = StyleSheet.create({
  app: { flex: 1, minHeight: 0 },
  main: { flex: 1, minHeight: 0, minWidth: 0 },
  screen: { flex: 1, minHeight: 0 },
});
