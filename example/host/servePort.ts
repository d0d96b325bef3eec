import type { Batch, Snapshot } from 'react-native-llama-rs';
import { openNodePort } from 'react-native-llama-rs/testing';
import type { WebSocket } from 'ws';

import type { About, FromPort } from './wire';

/**
 * Bytes that may wait for a page that does not read. Past that, the page loses its connection and catches up with the
 * next.
 */
const MOST_WAITING = 16 * 1024 * 1024;

/** The close code for `Try again later`. */
const TOO_SLOW = 1013;

/** Connects a socket to a port of the process's manager while the socket is open. */
export function servePort(socket: WebSocket, about: About): void {
  const port = openNodePort({ manager: 'global' });
  const tell = (message: FromPort) => socket.send(JSON.stringify(message));
  const hello = port.snapshot();
  let { seq } = JSON.parse(hello) as Snapshot;
  tell({ type: 'hello', about, snapshot: hello });

  port.onEvents((batch) => {
    const { events } = JSON.parse(batch) as Batch;
    const isGapless = events.every((event) => {
      const follows = event.seq <= seq + 1;
      seq = Math.max(seq, event.seq);
      return follows;
    });
    // A page cannot read a snapshot synchronously over a socket, so the host sends it ahead of the batch that needs it.
    if (!isGapless) tell({ type: 'snapshot', snapshot: port.snapshot() });
    tell({ type: 'batch', batch });
    if (socket.bufferedAmount > MOST_WAITING) socket.close(TOO_SLOW, 'too slow');
  });
  socket.on('message', (data, isBinary) => {
    if (!isBinary) port.send((data as Buffer).toString('utf8'));
  });
  socket.on('close', () => port.close());
}
