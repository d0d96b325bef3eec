// Node has all of these globals, so the tests install them into an empty global object, as if it were Hermes.
import { installGlobals } from '../installGlobals';

interface Globals {
  ReadableStream: typeof ReadableStream;
  TransformStream: typeof TransformStream;
  WritableStream: typeof WritableStream;
  structuredClone: (value: unknown) => unknown;
  DOMException: new (message?: string, name?: string) => Error;
}

function installed(scope: Partial<Globals> = {}): Globals {
  installGlobals(scope);
  return scope as Globals;
}

test('streams can be read, transformed and piped', async () => {
  const { ReadableStream: Readable, TransformStream: Transform } = installed();
  const words = new Readable<string>({
    start(controller) {
      for (const word of ['a', 'b']) controller.enqueue(word);
      controller.close();
    },
  });
  const louder = new Transform<string, string>({
    transform: (word, controller) => controller.enqueue(word.toUpperCase()),
  });
  const read: string[] = [];
  for await (const word of words.pipeThrough(louder)) read.push(word);
  expect(read).toEqual(['A', 'B']);
});

test('a copy is deep, and another object', () => {
  const original = { at: new Date(0), parts: [{ text: 'a' }], nothing: undefined };
  const copy = installed().structuredClone(original) as typeof original;
  expect(copy).toEqual(original);
  expect(copy.parts[0]).not.toBe(original.parts[0]);
});

test('an exception is an error that says which', () => {
  const { DOMException: Exception } = installed();
  const exception = new Exception('stopped', 'AbortError');
  expect(exception).toBeInstanceOf(Error);
  expect(exception).toMatchObject({ name: 'AbortError', message: 'stopped' });
  expect(new Exception()).toMatchObject({ name: 'Error', message: '' });
});

test('existing globals stay, and streams are replaced all or none', () => {
  const structuredClone = () => 'theirs';
  const whole = { ReadableStream, TransformStream, WritableStream, structuredClone, DOMException };
  const before = { ...whole };
  expect(installed(whole)).toEqual(before);
  const partly = installed({ ReadableStream });
  expect(partly.ReadableStream).not.toBe(ReadableStream);
  expect(partly.TransformStream).toBeDefined();
});

test('nothing of it is listed among the properties of the global object', () => {
  expect(Object.keys(installed())).toEqual([]);
});
