import { Pressable, StyleSheet, Text, View } from 'react-native';

import { useTheme } from './theme';

export type Tab = 'voice' | 'chats' | 'inspector';

const TABS: readonly { readonly tab: Tab; readonly label: string }[] = [
  { tab: 'voice', label: 'Voice' },
  { tab: 'chats', label: 'Chats' },
  { tab: 'inspector', label: 'Inspector' },
];

/** The tabs: below on a phone, at the side where there is room. */
export function TabBar({ tab: chosen, onTab, isWide }: { tab: Tab; onTab: (tab: Tab) => void; isWide: boolean }) {
  const { card, border, accent, quiet, code } = useTheme();
  const place = isWide ? styles.side : styles.below;
  return (
    <View role="tablist" style={[place, { backgroundColor: card, borderColor: border }]}>
      {TABS.map(({ tab, label }) => {
        const isChosen = tab === chosen;
        return (
          <Pressable
            key={tab}
            role="tab"
            aria-selected={isChosen}
            onPress={() => onTab(tab)}
            style={[styles.tab, isWide ? styles.wideTab : styles.narrowTab, isChosen && { backgroundColor: code }]}
          >
            <Text style={[styles.label, { color: isChosen ? accent : quiet }]}>{label}</Text>
          </Pressable>
        );
      })}
    </View>
  );
}

const styles = StyleSheet.create({
  below: { flexDirection: 'row', borderTopWidth: 1, padding: 6, gap: 6 },
  side: { width: 148, borderRightWidth: 1, padding: 10, gap: 6 },
  tab: { minHeight: 44, borderRadius: 10, justifyContent: 'center' },
  narrowTab: { flex: 1, alignItems: 'center' },
  wideTab: { paddingHorizontal: 14 },
  label: { fontSize: 15, fontWeight: '600' },
});
