import structuredCloneOf from '@ungap/structured-clone';
import { ReadableStream, TransformStream, WritableStream } from 'web-streams-polyfill';

import { DomException } from './DomException';

/**
 * Gives an engine such as Hermes what the AI SDK takes for granted. What is there stays; streams come as a set, because a
 * pipe takes only those of its own kind.
 */
export function installGlobals(scope: object): void {
  const add = (values: Record<string, unknown>) => {
    if (Object.keys(values).every((name) => name in scope)) return;
    for (const [name, value] of Object.entries(values)) {
      Object.defineProperty(scope, name, { value, configurable: true, enumerable: false, writable: true });
    }
  };
  add({ ReadableStream, TransformStream, WritableStream });
  add({ structuredClone: (value: unknown) => structuredCloneOf(value) });
  add({ DOMException: DomException });
}
