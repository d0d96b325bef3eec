import { memo, useMemo } from 'react';
import { StyleSheet, Text, View } from 'react-native';

import { useTheme } from '../theme';
import { type Block, parseMarkdown, type Span } from './parse';

/** Markdown, complete or still being written. */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  const blocks = useMemo(() => parseMarkdown(text), [text]);
  return (
    <View style={styles.blocks}>
      {blocks.map((block, index) => (
        <BlockView key={index} block={block} />
      ))}
    </View>
  );
});

function BlockView({ block }: { block: Block }) {
  const { text, quiet, code, border } = useTheme();
  switch (block.type) {
    case 'paragraph':
      return <Spans spans={block.spans} />;
    case 'heading':
      return (
        <Text role="heading" aria-level={block.level} selectable style={[styles.heading, { color: text }]}>
          <SpanTexts spans={block.spans} />
        </Text>
      );
    case 'item':
      return (
        <View style={[styles.item, { marginLeft: 16 * block.depth }]}>
          <Text style={[styles.text, { color: quiet }]}>{block.mark}</Text>
          <View style={styles.itemText}>
            <Spans spans={block.spans} />
          </View>
        </View>
      );
    case 'quote':
      return (
        <View style={[styles.quote, { borderColor: border }]}>
          <Spans spans={block.spans} />
        </View>
      );
    case 'code':
      return (
        <View style={[styles.codeBlock, { backgroundColor: code }]}>
          <Text selectable style={[styles.code, { color: text }]}>
            {block.text}
          </Text>
        </View>
      );
    case 'rule':
      return <View role="separator" style={[styles.rule, { backgroundColor: border }]} />;
  }
}

function Spans({ spans }: { spans: readonly Span[] }) {
  const { text } = useTheme();
  return (
    <Text selectable style={[styles.text, { color: text }]}>
      <SpanTexts spans={spans} />
    </Text>
  );
}

function SpanTexts({ spans }: { spans: readonly Span[] }) {
  const { code, accent } = useTheme();
  return spans.map((span, index) => {
    const look = {
      plain: undefined,
      strong: styles.strong,
      emphasis: styles.emphasis,
      code: [styles.code, { backgroundColor: code }],
      link: { color: accent },
    }[span.look];
    return (
      <Text key={index} style={look}>
        {span.text}
      </Text>
    );
  });
}

const styles = StyleSheet.create({
  blocks: { gap: 8 },
  text: { fontSize: 16, lineHeight: 24 },
  heading: { fontSize: 18, lineHeight: 26, fontWeight: '600' },
  strong: { fontWeight: '600' },
  emphasis: { fontStyle: 'italic' },
  item: { flexDirection: 'row', gap: 8 },
  itemText: { flexShrink: 1 },
  quote: { borderLeftWidth: 3, paddingLeft: 12 },
  codeBlock: { borderRadius: 8, padding: 12 },
  rule: { height: 1 },
  code: { fontFamily: 'monospace', fontSize: 14, lineHeight: 20 },
});
