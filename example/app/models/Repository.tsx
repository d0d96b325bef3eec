import { StyleSheet, Text, View } from 'react-native';
import type { StoredModels } from 'react-native-llama-rs';

import { useServices } from '../services';
import { useCell } from '../store';
import { useTheme } from '../theme';
import { Button, Notice } from '../ui/parts';
import { titleOf } from './problems';
import { Section } from './Section';
import { VariantRow } from './VariantRow';

/** The result of the last search. */
export function Repository({ stored }: { stored: StoredModels | undefined }) {
  const { modelSearch } = useServices();
  const found = useCell(modelSearch.found);
  const { quiet } = useTheme();
  const line = (text: string) => <Text style={[styles.line, { color: quiet }]}>{text}</Text>;
  switch (found.type) {
    case 'nothing':
      return line(
        'Name a repository of the hub: every quantization in it is listed, with its size and whether it fits into the memory of this device.',
      );
    case 'searching':
      return <View aria-busy>{line(`Looking at ${found.name}…`)}</View>;
    case 'failed':
      return (
        <Notice tone="bad" title={titleOf(found.error)} detail={found.error.detail}>
          <Button label="Try again" hint="Search again" onPress={() => void modelSearch.search()} />
        </Notice>
      );
    case 'found': {
      const { repository, variants, best } = found.repository;
      const isStored = (name: string) =>
        stored?.models.some((model) => model.name === name && model.isComplete) === true;
      return (
        <Section title={repository}>
          {variants.length === 0 && line('There is no GGUF model in it. Choose a repository whose files end in .gguf.')}
          <View role="list" aria-label="Quantizations" style={styles.list}>
            {variants.map((variant) => (
              <VariantRow
                key={variant.name}
                variant={variant}
                isBest={variant.name === best}
                isStored={isStored(variant.name)}
              />
            ))}
          </View>
        </Section>
      );
    }
  }
}

const styles = StyleSheet.create({
  line: { fontSize: 14, lineHeight: 20 },
  list: { gap: 10 },
});
