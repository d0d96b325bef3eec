import { Pressable, StyleSheet, Text, View } from 'react-native';

import { useTheme } from './theme';
import { BoxesIcon, ChartIcon, ChatIcon, MicrophoneIcon } from './ui/icons';

export type Tab = 'voice' | 'chats' | 'models' | 'inspector';

const TABS = [
  { tab: 'voice', label: 'Voice', Icon: MicrophoneIcon },
  { tab: 'chats', label: 'Chats', Icon: ChatIcon },
  { tab: 'models', label: 'Models', Icon: BoxesIcon },
  { tab: 'inspector', label: 'Inspector', Icon: ChartIcon },
] as const;

/** The tabs stand below on a phone. Where there is room, they stand at the side, under the app's name. */
export function TabBar({ tab: chosen, onTab, isWide }: { tab: Tab; onTab: (tab: Tab) => void; isWide: boolean }) {
  const { card, border, accent, text, quiet, code } = useTheme();
  const place = isWide ? styles.side : styles.below;
  return (
    <View style={[place, { backgroundColor: card, borderColor: border }]}>
      {isWide && <Text style={[styles.name, { color: text }]}>Voice to chat</Text>}
      <View role="tablist" style={isWide ? styles.column : styles.row}>
        {TABS.map(({ tab, label, Icon }) => {
          const isChosen = tab === chosen;
          const colour = isChosen ? accent : quiet;
          return (
            <Pressable
              key={tab}
              role="tab"
              aria-label={label}
              aria-selected={isChosen}
              onPress={() => onTab(tab)}
              style={[styles.tab, isWide ? styles.wideTab : styles.narrowTab, isChosen && { backgroundColor: code }]}
            >
              <Icon colour={colour} />
              <Text style={[isWide ? styles.wideLabel : styles.narrowLabel, { color: colour }]}>{label}</Text>
            </Pressable>
          );
        })}
      </View>
    </View>
  );
}

const styles = StyleSheet.create({
  below: { borderTopWidth: 1, padding: 6 },
  side: { width: 172, borderRightWidth: 1, padding: 10, gap: 10 },
  name: { fontSize: 17, lineHeight: 24, fontWeight: '700', paddingHorizontal: 12, paddingTop: 6 },
  row: { flexDirection: 'row', gap: 6 },
  column: { gap: 6 },
  tab: { minHeight: 44, borderRadius: 12 },
  narrowTab: { flex: 1, alignItems: 'center', justifyContent: 'center', gap: 4, paddingVertical: 6 },
  wideTab: { flexDirection: 'row', alignItems: 'center', gap: 12, paddingHorizontal: 12 },
  narrowLabel: { fontSize: 12, lineHeight: 16, fontWeight: '600' },
  wideLabel: { fontSize: 15, fontWeight: '600' },
});
