import { StyleSheet, View } from 'react-native';
import { useLlamaClient, type UseLlamaChat, useModels } from 'react-native-llama-rs';

import { progressText } from '../models/amounts';
import { useServices } from '../services';
import { useCell } from '../store';
import { Button, Notice, Progress } from '../ui/parts';

/** The reason why a conversation gets no answer now (loading, offline, an error), with a button that helps. */
export function ChatProblems({ chat }: { chat: UseLlamaChat }) {
  const client = useLlamaClient();
  const services = useServices();
  const model = useCell(services.model);
  const isOnline = useCell(services.online);
  // A model that was never asked for is about to be.
  const wasAskedFor = useModels().some(({ path }) => path === model.path);
  const { status, progress, download, retry } = chat.model;
  const { error } = chat;
  return (
    <View style={styles.list}>
      {!isOnline && (
        <Notice
          tone="warning"
          title="Not connected"
          detail="The host does not answer. Your text is kept. The app goes on when the host is back."
        />
      )}
      {isOnline && (status === 'downloading' || status === 'loading') && (
        <View style={styles.loading}>
          <View style={styles.grow}>
            <Progress
              label={download === undefined ? 'Loading the model' : `Downloading the model: ${progressText(download)}`}
              value={progress}
            />
          </View>
          <Button
            label="Cancel"
            hint={`Cancel ${status}`}
            onPress={() => void client.unload(model.path).catch(() => undefined)}
          />
        </View>
      )}
      {isOnline && status === 'unloaded' && wasAskedFor && chat.status !== 'loading' && (
        <Notice tone="quiet" title="The model is not loaded">
          <Button label="Load" hint="Load the model" onPress={retry} />
        </Notice>
      )}
      {isOnline && error !== undefined && (
        <Notice
          tone="bad"
          title={chat.model.error === undefined ? 'That was not answered' : 'The model could not be loaded'}
          detail={error.detail}
        >
          {chat.model.error !== undefined && <Button label="Try again" onPress={retry} />}
        </Notice>
      )}
    </View>
  );
}

const styles = StyleSheet.create({
  list: { width: '100%', maxWidth: 720, alignSelf: 'center', gap: 8 },
  loading: { flexDirection: 'row', alignItems: 'center', gap: 12 },
  grow: { flexGrow: 1, flexShrink: 1 },
});
