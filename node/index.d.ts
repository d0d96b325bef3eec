// The addon's types, for code that requires node/llama-rs.node. The same three members as every port, and close().

/** One host's connection to a manager. Every method returns at once. */
export declare class Port {
  /**
   * `global`: the process's manager, kept when the port closes. `own`: one for this port, shut down with it.
   *
   * `directory`: where that manager keeps saved scopes; made if it does not exist, and read before the constructor returns.
   * One per manager, used by no other manager and no other process. Left out: an own manager saves none, the global one
   * where another port said.
   *
   * Throws an `Error` with `code`, an `ErrorCode`: `invalidOptions` for another manager, `storageUnavailable` or
   * `storageFailed` for a directory that cannot be used.
   */
  constructor(options: { manager: 'global' | 'own'; directory?: string });

  /** The state now, as JSON: a `Snapshot`. */
  snapshot(): string;

  /** Takes JSON: an `Envelope`. Never throws; a refusal is an event that carries the command's `requestId`. */
  send(command: string): void;

  /**
   * Calls back with each JSON `Batch`, on this thread's event loop, until the port is closed. Does not keep the process
   * alive. Throws when the port has a callback already.
   */
  onEvents(callback: (batch: string) => void): void;

  /** Ends the connection: no callback runs after this. Waits for nothing. Closing twice does nothing. */
  close(): void;
}
