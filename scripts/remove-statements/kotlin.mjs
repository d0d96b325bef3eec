// The beginnings of lines without which Kotlin does not compile.
const NEEDED =
  /^ +(?:(?:override |private |internal |const )*(?:fun|va[lr]|set)\b|return (?!null)\S|else ->|when\b|listOf|mapOf|[A-Z]\w+\(|\w+ = \S+,$|context\.|names\.|true$|false$)/;

/**
 * Returns every statement of a function, arm of a `when` and one-line body, found by indents and closing brackets.
 * Leaves out parts that the compiler always needs: declarations, returned values, the last arm, arguments, values of
 * branches.
 */
export function kotlinStatements(source) {
  const lines = source.split('\n');
  const found = [];
  let start = 0;
  lines.forEach((line, index) => {
    const end = start + line.length;
    const body = /^ +(?:override |private |internal |open )*fun .*\)(?:: \w+)? = (?!Unit$)(.+)/.exec(line);
    if (body) {
      found.push({ start: end - body[1].length, end, replacement: 'Unit' });
    } else if (/^ {4,}["\w]/.test(line) && !NEEDED.test(line)) {
      found.push({ start, end: endOfStatement(lines, index, end), replacement: '' });
    }
    start = end + 1;
  });
  return found;
}

/** Returns the end of a statement: its brackets are closed, and no deeper or dotted line continues it. */
function endOfStatement(lines, index, end) {
  const indent = lines[index].search(/\S/);
  for (let next = index + 1; next < lines.length && goesOn(lines[next], indent); next += 1) end += lines[next].length + 1;
  return end;
}

function goesOn(line, indent) {
  return line.search(/\S/) > indent || (line.search(/\S/) === indent && /^\s*[)}\]]/.test(line));
}
