// Sentences for people, in comments of every language and in Markdown.

const MARKERS = {
  slashes: { line: /(?:^|\s)\/\/[/!]?(.*)$/, block: [/\/\*\*?(.*)$/, /^\s*\*?(.*?)(?:\*\/|$)/] },
  hash: { line: /(?:^|\s)#(?!!)(.*)$/ },
  all: { line: /^(.*)$/ },
};

const LANGUAGES = [
  [/\.(rs|tsx?|[cm]?js|kt|kts|swift|mm|m|h|cpp|c)$/, MARKERS.slashes],
  [/\.(sh|py|ya?ml|toml)$|(^|\/)dev$|^\.ci\/run$/, MARKERS.hash],
  [/\.md$/, MARKERS.all],
];

/** The lines of a file that people read, as `{ line, text }`; none where the language is not known. */
export function readableLines(path, source) {
  const markers = LANGUAGES.find(([name]) => name.test(path))?.[1];
  if (markers === undefined) return [];
  let isInside = false;
  return source.split('\n').flatMap((whole, index) => {
    const text = isInside
      ? markers.block[1].exec(whole)?.[1]
      : (markers.line.exec(whole)?.[1] ?? markers.block?.[0].exec(whole)?.[1]);
    if (markers.block !== undefined) {
      if (isInside) isInside = !whole.includes('*/');
      else isInside = /\/\*(?!.*\*\/)/.test(whole) && !markers.line.test(whole);
    }
    return text === undefined ? [] : [{ line: index + 1, text: text.trim() }];
  });
}

/** The first words of the first sentence that begins as it must not; questions may. */
export function badBeginning(text, openers) {
  return [...text.matchAll(openers)].find(({ index }) => !isQuestion(text.slice(index)))?.[1];
}

function isQuestion(text) {
  const end = text.search(/[.?!](\s|$)/);
  return end !== -1 && text[end] === '?';
}
