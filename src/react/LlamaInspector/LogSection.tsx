import { useEffect, useState } from 'react';
import { StyleSheet, View } from 'react-native';

import type { LifecycleRecord } from '../../protocol/generated';
import { useLlamaClient } from '../client';
import { useStore } from '../useStore';
import { Line, Section } from './parts';
import { recordText } from './recordText';

/** How many entries are shown. */
const SHOWN = 40;

/** The flight recorder, newest first. */
export function LogSection() {
  const client = useLlamaClient();
  const since = useStore(client.log);
  const [recorded, setRecorded] = useState<readonly LifecycleRecord[]>([]);
  useEffect(() => {
    let wanted = true;
    client.readLog().then(
      (records) => {
        if (wanted) setRecorded(records);
      },
      // Without the earlier entries the log starts with this client.
      () => undefined,
    );
    return () => {
      wanted = false;
    };
  }, [client]);
  const records = [...before(recorded, since[0]), ...since].slice(-SHOWN).reverse();
  return (
    <Section title="Flight recorder" aside={`${records.length} latest`}>
      {records.length === 0 && <Line quiet>Nothing has happened yet.</Line>}
      {records.map((record, index) => (
        <View key={`${record.at} ${records.length - index}`} style={styles.entry}>
          <Line quiet>{timeText(record.at)}</Line>
          <View style={styles.what}>
            <Line>{recordText(record.event)}</Line>
            <Line quiet>{record.reason}</Line>
          </View>
        </View>
      ))}
    </Section>
  );
}

/** Returns the entries before `first`. The client has received the later ones as events too. */
function before(recorded: readonly LifecycleRecord[], first: LifecycleRecord | undefined): readonly LifecycleRecord[] {
  const key = JSON.stringify(first);
  const index = recorded.findIndex((record) => JSON.stringify(record) === key);
  return index === -1 ? recorded : recorded.slice(0, index);
}

function timeText(at: number): string {
  const time = new Date(at);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

const styles = StyleSheet.create({
  entry: { flexDirection: 'row', gap: 12 },
  what: { flexShrink: 1 },
});
