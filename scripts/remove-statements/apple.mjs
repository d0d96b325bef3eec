/**
 * Returns every statement and member of a type, found by layout: a single line, or a line and the block that it opens.
 */
export function appleStatements(source) {
  const lines = source.split('\n');
  const offsets = lines.map((_, index) => lines.slice(0, index).join('\n').length + (index > 0 ? 1 : 0));
  const indent = (line) => line.length - line.trimStart().length;
  const found = [];
  lines.forEach((line, index) => {
    const text = line.trim();
    const isStatement = text !== '' && !/^(\/\/|[#@}\])]|case |default|import |else|catch|do \{|- \(|\+ \(|RCT_|(public |private )?(final )?(class|enum|func) )/.test(text);
    if (!isStatement || indent(line) === 0) return;
    const opens = /[{([]$/.test(text);
    const end = opens
      ? lines.findIndex((other, at) => at > index && indent(other) === indent(line) && /^\s*[})\]]/.test(other))
      : index;
    found.push({ start: offsets[index], end: offsets[end] + lines[end].length, replacement: '' });
  });
  return found;
}
