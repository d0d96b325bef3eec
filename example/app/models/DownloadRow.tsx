import { StyleSheet, Text, View } from 'react-native';
import { type Download, useLlamaClient } from 'react-native-llama-rs';

import { useTheme } from '../theme';
import { Button, Notice, Progress } from '../ui/parts';
import { progressText, shareOf } from './amounts';
import { download } from './actions';
import { ActionFailure } from './ActionFailure';
import { titleOf } from './problems';
import { Card } from './Section';
import { useAction } from './useAction';

/** One download: its progress, and buttons to pause, resume and cancel it. */
export function DownloadRow({ download: { name, status } }: { download: Download }) {
  const client = useLlamaClient();
  const { text } = useTheme();
  const { failure, run } = useAction();
  const goOn = () => run(download(client, name));
  const forget = () => run(client.cancelDownload(name));
  return (
    <Card>
      <Text style={[styles.name, { color: text }]}>{name}</Text>
      {status.type === 'running' ? (
        <>
          <Progress label={progressText(status.progress)} value={shareOf(status.progress)} />
          <View style={styles.actions}>
            {status.progress.phase.type === 'paused' ? (
              <Button label="Resume" hint={`Resume ${name}`} onPress={goOn} />
            ) : (
              <Button label="Pause" hint={`Pause ${name}`} onPress={() => run(client.pauseDownload(name))} />
            )}
            <Button label="Cancel" hint={`Cancel ${name}`} onPress={forget} />
          </View>
        </>
      ) : (
        <Notice tone="bad" title={titleOf(status.error)} detail={status.error.detail}>
          <Button label="Try again" hint={`Try ${name} again`} onPress={goOn} />
          <Button label="Dismiss" hint={`Dismiss ${name}`} onPress={forget} />
        </Notice>
      )}
      <ActionFailure failure={failure} />
    </Card>
  );
}

const styles = StyleSheet.create({
  name: { fontSize: 15, lineHeight: 22, fontWeight: '600' },
  actions: { flexDirection: 'row', flexWrap: 'wrap', gap: 8 },
});
