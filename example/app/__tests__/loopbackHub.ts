import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** A hub on this machine, with one repository of one model. */
export interface LoopbackHub {
  /** The address of the hub. */
  readonly endpoint: string;
  /** The SHA-256 of its model's file. */
  readonly bytes: number;
  /** Half of the next download arrives, and the rest never. */
  halt(): void;
  close(): void;
}

/** The one repository of the hub. */
export const REPOSITORY = 'hf:local/tiny';
/** The one quantization in the repository. */
export const TINY = 'hf:local/tiny:Q8_0';

const FILE = 'tiny-chat-q8_0.gguf';
const ETAG = '"1"';

/** Serves the tiny model as the hub serves models. */
export async function loopbackHub(): Promise<LoopbackHub> {
  const whole = readFileSync(join(process.cwd(), 'models/tiny-chat', FILE));
  const lists: Readonly<Record<string, unknown>> = {
    '/api/models/local/tiny/revision/main': { sha: 'c0ffee' },
    '/api/models/local/tiny/tree/c0ffee': [{ type: 'file', path: FILE, size: whole.length }],
  };
  let halts = false;
  const server = createServer(({ url = '', headers }, response) => {
    const path = url.replace(/\?.*/, '');
    const list = lists[path];
    if (list !== undefined) {
      response.end(JSON.stringify(list));
      return;
    }
    if (path !== `/local/tiny/resolve/c0ffee/${FILE}`) {
      response.writeHead(404).end();
      return;
    }
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
    const from = Number(first ?? 0);
    const to = last === undefined || last === '' ? whole.length : Math.min(Number(last) + 1, whole.length);
    const content = { etag: ETAG, 'content-length': to - from };
    if (first === undefined) response.writeHead(200, content);
    else response.writeHead(206, { ...content, 'content-range': `bytes ${from}-${to - 1}/${whole.length}` });
    // A range that ends before the model does reads its header.
    const isDownload = to === whole.length;
    if (isDownload && halts) response.write(whole.subarray(from, from + (to - from) / 2));
    else response.end(whole.subarray(from, to));
    if (isDownload) halts = false;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bytes: whole.length,
    halt() {
      halts = true;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
