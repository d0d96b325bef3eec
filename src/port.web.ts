import { LlamaError } from './core/LlamaError';
import type { Port } from './core/port/Port';

/** Throws `portMissing`, which says how to reach an engine: a browser and plain Node contain none. */
export function openPort(): Port {
  throw new LlamaError(
    'portMissing',
    'no engine comes with this platform - ' +
      'give LlamaProvider a client: new LlamaClient(port), with a port to a server or to the Node addon',
  );
}
