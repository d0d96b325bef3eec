/** Returns every statement of a function, found by rustfmt's layout: the beginnings and ends of lines. */
export function rustStatements(source) {
  const lines = source.split('\n');
  const offsets = lines.map((_, index) => lines.slice(0, index).join('\n').length + (index > 0 ? 1 : 0));
  const indent = (line) => line.length - line.trimStart().length;
  const found = [];
  lines.forEach((line, index) => {
    if (indent(line) < 8 || /^\s*(\/\/|[}|.])/.test(line)) return;
    const start = offsets[index];
    const arm = /=> (?=(self|effects)\.)/.exec(line);
    if (line.endsWith(';')) {
      found.push({ start, end: start + line.length, replacement: '' });
    } else if (arm && line.endsWith(',')) {
      found.push({ start: start + arm.index + arm[0].length, end: start + line.length, replacement: '{}' });
    } else if (/^\s*(if|for|let|self|effects)\b.*[{([]$/.test(line)) {
      const last = lines.findIndex((other, at) => at > index && indent(other) === indent(line) && /^\s*[}\])]+;?$/.test(other));
      if (last > 0) found.push({ start, end: offsets[last] + lines[last].length, replacement: '' });
    }
  });
  return found;
}
