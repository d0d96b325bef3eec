import { parseHostArgs } from '../args';

test('without arguments the tiny model is served, and the browser opened', () => {
  expect(parseHostArgs([])).toEqual({
    model: undefined,
    directory: undefined,
    languages: undefined,
    port: undefined,
    load: {},
    answer: {},
    hub: undefined,
    opens: true,
  });
});

test('everything can be said', () => {
  const args = ['--host', '--model', 'a.gguf', '--directory', 'd', '--languages', 'l', '--port', '0'];
  const hub = ['--hub', 'http://localhost:1'];
  expect(parseHostArgs([...args, ...hub, '--load', '{"threads":2}', '--answer', '{"temperature":0}'])).toEqual({
    model: 'a.gguf',
    directory: 'd',
    languages: 'l',
    port: 0,
    load: { threads: 2 },
    answer: { temperature: 0 },
    hub: 'http://localhost:1',
    opens: false,
  });
});

test('the usage can be asked for', () => {
  expect(parseHostArgs(['--help'])).toBe('help');
});

test.each([
  [['--port', 'x'], '--port needs a number'],
  [['--port', '65536'], '--port needs a number'],
  [['--load', '{'], '--load needs JSON'],
  [['--answer', '[]'], '--answer needs a JSON object'],
  [['--model', ''], '--model needs a path'],
  [['--modle', 'x'], '--modle'],
])('%p is refused', (args, message) => {
  expect(() => parseHostArgs(args)).toThrow(message);
});
