import { useEffect, useState } from 'react';
import { BackHandler, Platform, StyleSheet, useWindowDimensions, View } from 'react-native';
import { useScopes } from 'react-native-llama-rs';

import { useServices } from '../services';
import { useCell } from '../store';
import { useTheme } from '../theme';
import { ChatList } from './ChatList';
import { ChatView } from './ChatView';
import { newScope } from './names';

/** Width, in points, from which list and conversation stand beside each other. */
const WIDE = 820;

/** All conversations, and the one that is open. */
export function ChatsScreen() {
  const { scope } = useServices();
  const open = useCell(scope);
  const { scopes } = useScopes();
  const { border } = useTheme();
  const isWide = useWindowDimensions().width >= WIDE;
  const [isListShown, setListShown] = useState(true);
  const isChatAlone = !isWide && !isListShown;
  useEffect(() => {
    // The system's back button leads to the list first.
    if (Platform.OS !== 'android' || !isChatAlone) return undefined;
    const subscription = BackHandler.addEventListener('hardwareBackPress', () => {
      setListShown(true);
      return true;
    });
    return () => subscription.remove();
  }, [isChatAlone]);
  const show = (id: string) => {
    scope.set(id);
    setListShown(false);
  };
  return (
    <View style={styles.screen}>
      {(isWide || isListShown) && (
        <View style={[isWide ? styles.side : styles.whole, { borderColor: border }]}>
          <ChatList open={isWide ? open : undefined} onOpen={show} onNew={() => show(newScope(scopes))} />
        </View>
      )}
      {(isWide || !isListShown) && (
        <View style={styles.whole}>
          <ChatView key={open} scope={open} onOpen={show} onBack={isWide ? undefined : () => setListShown(true)} />
        </View>
      )}
    </View>
  );
}

const styles = StyleSheet.create({
  screen: { flex: 1, flexDirection: 'row', minHeight: 0 },
  side: { width: 340, borderRightWidth: 1 },
  whole: { flex: 1, minWidth: 0 },
});
