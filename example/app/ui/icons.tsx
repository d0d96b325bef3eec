import { StyleSheet, View } from 'react-native';

// Icons drawn from views, so that they are sharp at any size and need no font.

interface IconProps {
  readonly colour: string;
  /** Height in points. @default 20 */
  readonly size?: number;
}

/** A microphone on its stand. */
export function MicrophoneIcon({ colour, size = 20 }: IconProps) {
  const part = size / 20;
  const stroke = Math.max(2, 1.7 * part);
  const curve = { borderBottomLeftRadius: 8 * part, borderBottomRightRadius: 8 * part };
  const stand = { width: 16 * part, height: 9 * part, top: 7 * part, borderWidth: stroke, borderTopWidth: 0, ...curve };
  return (
    <View style={[styles.icon, { width: size, height: size }]}>
      <View style={{ width: 7 * part, height: 12.5 * part, borderRadius: 3.5 * part, backgroundColor: colour }} />
      <View style={[styles.over, stand, { borderColor: colour }]} />
      <View style={[styles.over, { top: 15.5 * part, width: stroke, height: 4.5 * part, backgroundColor: colour }]} />
    </View>
  );
}

/** Two lines in a bubble. */
export function ChatIcon({ colour, size = 20 }: IconProps) {
  const part = size / 20;
  const line = { height: 2 * part, borderRadius: part, backgroundColor: colour };
  const bubble = {
    width: 20 * part,
    height: 17 * part,
    borderWidth: 2 * part,
    borderRadius: 6 * part,
    gap: 2 * part,
    borderColor: colour,
  };
  return (
    <View style={[styles.icon, styles.middle, { width: size, height: size }]}>
      <View style={[styles.bubble, bubble]}>
        <View style={[line, { width: 10 * part }]} />
        <View style={[line, { width: 6 * part }]} />
      </View>
    </View>
  );
}

/** Three columns of a chart. */
export function ChartIcon({ colour, size = 20 }: IconProps) {
  const part = size / 20;
  return (
    <View style={[styles.icon, styles.chart, { width: size, height: size, gap: 3 * part }]}>
      {[8, 17, 12].map((height) => (
        <View
          key={height}
          style={{ width: 4 * part, height: height * part, borderRadius: 1.5 * part, backgroundColor: colour }}
        />
      ))}
    </View>
  );
}

/** Boxes, one on two. */
export function BoxesIcon({ colour, size = 20 }: IconProps) {
  const part = size / 20;
  const box = (
    <View
      style={{
        width: 9 * part,
        height: 8.5 * part,
        borderWidth: 2 * part,
        borderRadius: 2 * part,
        borderColor: colour,
      }}
    />
  );
  return (
    <View style={[styles.icon, styles.middle, { width: size, height: size, gap: part }]}>
      {box}
      <View style={[styles.pair, { gap: part }]}>
        {box}
        {box}
      </View>
    </View>
  );
}

const styles = StyleSheet.create({
  icon: { alignItems: 'center' },
  middle: { justifyContent: 'center' },
  over: { position: 'absolute' },
  bubble: { justifyContent: 'center', alignItems: 'center', borderBottomLeftRadius: 0 },
  pair: { flexDirection: 'row' },
  chart: { flexDirection: 'row', alignItems: 'flex-end', justifyContent: 'center' },
});
