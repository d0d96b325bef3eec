import structuredCloneOf from '@ungap/structured-clone';
import { ReadableStream, TransformStream, WritableStream } from 'web-streams-polyfill';

import { DomException } from './DomException';

/**
 * Adds the globals that the AI SDK needs to a JavaScript engine such as Hermes. Existing globals stay. Stream classes
 * are added as a set, because a pipe accepts only streams of its own kind.
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
