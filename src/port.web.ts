import { LlamaError } from './core/LlamaError';
import type { Port } from './core/port/Port';

/** There is no engine inside a browser or plain Node: throws `portMissing`, which says how to bring one. */
export function openPort(): Port {
  throw new LlamaError(
    'portMissing',
    'no engine comes with this platform - give LlamaProvider a client: new LlamaClient(port), with a port to a server or to the Node addon',
  );
}
