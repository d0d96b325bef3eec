import type { Batch, Port, Snapshot } from 'react-native-llama-rs';

import type { About, FromPort } from '../host/wire';

/** Whether the host answers. */
type Link = 'online' | 'offline';

/** Options of the port. */
export interface SocketPortOptions {
  /** Opens a socket to the host's port. */
  connect(): WebSocket;
  /** Called when the connection comes or goes, for the first time when it has come. */
  onLink(link: Link): void;
}

/** Milliseconds before the second, third, … attempt. The last value holds for all later attempts. */
const PAUSES_MS = [100, 250, 500, 1000, 2000];

/** Milliseconds after which a connection without a hello is closed. */
const HELLO_MS = 10_000;

/**
 * A port over a WebSocket. A new connection is a new port on the host, as after a JavaScript reload. The client sees
 * the new epoch, and repeats the commands that must be repeated. A command without a connection is dropped, which the
 * client handles like a command that was lost on the way.
 */
export class SocketPort implements Port {
  private readonly listeners = new Set<(batch: string) => void>();
  private socket: WebSocket | undefined;
  private newest = '';
  private wasRead = false;
  private failures = 0;

  private constructor(
    private readonly options: SocketPortOptions,
    private readonly onHello: (about: About) => void,
  ) {
    this.connect();
  }

  /** Resolves with the hello of the host, however long that takes. `onLink` reports the connection meanwhile. */
  static open(options: SocketPortOptions): Promise<{ port: SocketPort; about: About }> {
    return new Promise((resolve) => {
      const port: SocketPort = new SocketPort(options, (about) => resolve({ port, about }));
    });
  }

  /** The newest snapshot of the host, from its hello or from before a batch that follows a gap. */
  readonly snapshot = (): string => {
    // A second read means that the first snapshot did not fit. A new connection brings a new one.
    if (this.wasRead) this.socket?.close();
    this.wasRead = true;
    return this.newest;
  };

  readonly send = (command: string): void => {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(command);
  };

  readonly onEvents = (listener: (batch: string) => void): (() => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  private connect(): void {
    const socket = this.options.connect();
    this.socket = socket;
    const giveUp = setTimeout(() => socket.close(), HELLO_MS);
    socket.onmessage = ({ data }) => {
      clearTimeout(giveUp);
      this.take(JSON.parse(data as string) as FromPort);
    };
    socket.onclose = () => {
      clearTimeout(giveUp);
      this.options.onLink('offline');
      const pause = PAUSES_MS[Math.min(this.failures, PAUSES_MS.length - 1)];
      this.failures += 1;
      setTimeout(() => this.connect(), pause);
    };
  }

  private take(message: FromPort): void {
    switch (message.type) {
      case 'hello':
        this.failures = 0;
        this.renew(message.snapshot);
        // A batch of another epoch makes an existing client read the snapshot.
        this.deliver(emptyBatch(message.snapshot));
        this.options.onLink('online');
        this.onHello(message.about);
        return;
      case 'snapshot':
        this.renew(message.snapshot);
        return;
      case 'batch':
        this.deliver(message.batch);
    }
  }

  private renew(snapshot: string): void {
    this.newest = snapshot;
    this.wasRead = false;
  }

  private deliver(batch: string): void {
    for (const listener of [...this.listeners]) listener(batch);
  }
}

function emptyBatch(snapshot: string): string {
  const { epoch } = JSON.parse(snapshot) as Snapshot;
  return JSON.stringify({ epoch, events: [] } satisfies Batch);
}
