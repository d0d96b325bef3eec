import { StyleSheet, Text, View } from 'react-native';
import { type HubVariant, useDownloads, useLlamaClient } from 'react-native-llama-rs';

import { useTheme } from '../theme';
import { Badge, Button } from '../ui/parts';
import { bytesText } from './amounts';
import { download } from './actions';
import { ActionFailure } from './ActionFailure';
import { fitBadge } from './fits';
import { Card } from './Section';
import { useAction } from './useAction';

interface VariantRowProps {
  readonly variant: HubVariant;
  readonly isBest: boolean;
  readonly isStored: boolean;
}

/** One quantization: its size, whether it fits, and a button that downloads it. */
export function VariantRow({ variant, isBest, isStored }: VariantRowProps) {
  const { name, quantization, bytes, fileCount, fit, isFitExact } = variant;
  const client = useLlamaClient();
  const isComing = useDownloads().some((one) => one.name === name);
  const { text, quiet } = useTheme();
  const { failure, run } = useAction();
  const { label, tone } = fitBadge(fit);
  const details = [
    bytesText(bytes),
    fileCount > 1 && `${fileCount} files`,
    fit !== undefined && !isFitExact && 'fit estimated from another file',
  ];
  return (
    <Card>
      <View style={styles.row}>
        <View style={styles.words}>
          <View style={styles.head}>
            <Text style={[styles.name, { color: text }]}>{quantization ?? name}</Text>
            {isBest && <Badge label="best" tone="good" />}
            <Badge label={label} tone={tone} />
          </View>
          <Text style={[styles.detail, { color: quiet }]}>
            {details.filter((detail) => detail !== false).join(', ')}
          </Text>
        </View>
        {isStored ? (
          <Badge label="on this device" tone="quiet" />
        ) : isComing ? (
          <Badge label="on its way" tone="quiet" />
        ) : (
          <Button
            label="Download"
            hint={`Download ${name}`}
            kind={isBest ? 'filled' : 'outlined'}
            onPress={() => run(download(client, name))}
          />
        )}
      </View>
      <ActionFailure failure={failure} />
    </Card>
  );
}

const styles = StyleSheet.create({
  row: { flexDirection: 'row', flexWrap: 'wrap', alignItems: 'center', justifyContent: 'space-between', gap: 10 },
  words: { flexGrow: 1, flexShrink: 1, flexBasis: 160, gap: 2 },
  head: { flexDirection: 'row', flexWrap: 'wrap', alignItems: 'center', gap: 8 },
  name: { fontSize: 16, lineHeight: 24, fontWeight: '600' },
  detail: { fontSize: 13, lineHeight: 18 },
});
