import { useState } from 'react';
import { StyleSheet, Text, View } from 'react-native';
import { type StoredModel, useLlamaClient } from 'react-native-llama-rs';

import { useServices } from '../services';
import { useCell } from '../store';
import { useTheme } from '../theme';
import { Badge, Button } from '../ui/parts';
import { bytesText } from './amounts';
import { choose, download, remove } from './actions';
import { ActionFailure } from './ActionFailure';
import { Card } from './Section';
import { useAction } from './useAction';

interface StoredRowProps {
  readonly model: StoredModel;
  readonly onRemoved: () => void;
}

/**
 * One model of this device, with buttons to use it, to resume it where it is incomplete, and to delete it after a
 * second question.
 */
export function StoredRow({ model: { name, bytes, isComplete }, onRemoved }: StoredRowProps) {
  const client = useLlamaClient();
  const services = useServices();
  const isChosen = useCell(services.model).path === name;
  const { text, quiet } = useTheme();
  const [isAsking, setAsking] = useState(false);
  const { failure, run } = useAction();
  const removeForGood = () => {
    setAsking(false);
    run(remove(client, name).then(onRemoved));
  };
  return (
    <Card>
      <View style={styles.head}>
        <Text style={[styles.name, { color: text }]}>{name}</Text>
        {isChosen && <Badge label="answers" tone="good" />}
        {!isComplete && <Badge label="incomplete" tone="warning" />}
      </View>
      <Text style={[styles.detail, { color: quiet }]}>{bytesText(bytes)}</Text>
      {isAsking ? (
        <View style={styles.actions}>
          <Text style={[styles.detail, styles.whole, { color: text }]}>Delete it for good?</Text>
          <Button label="Delete" kind="danger" hint={`Delete ${name} for good`} onPress={removeForGood} />
          <Button label="Keep" onPress={() => setAsking(false)} />
        </View>
      ) : (
        <View style={styles.actions}>
          {isComplete ? (
            <Button
              label="Use"
              hint={`Use ${name}`}
              disabled={isChosen}
              onPress={() => run(choose(client, services, name))}
            />
          ) : (
            <Button label="Resume" hint={`Resume ${name}`} onPress={() => run(download(client, name))} />
          )}
          <Button label="Delete" hint={`Delete ${name}`} disabled={isChosen} onPress={() => setAsking(true)} />
        </View>
      )}
      <ActionFailure failure={failure} />
    </Card>
  );
}

const styles = StyleSheet.create({
  head: { flexDirection: 'row', flexWrap: 'wrap', alignItems: 'center', gap: 8 },
  name: { fontSize: 15, lineHeight: 22, fontWeight: '600', flexShrink: 1 },
  detail: { fontSize: 13, lineHeight: 18 },
  actions: { flexDirection: 'row', flexWrap: 'wrap', alignItems: 'center', gap: 8 },
  whole: { width: '100%' },
});
