// The types of the addon, for code that requires node/llama-rs.node. It has the three members of every port, and
// close().

/** One host's connection to a manager. Every method returns at once. */
export declare class Port {
  /**
   * `manager` is `global` for the process's manager, which outlives the port, or `own` for a manager that ends with the
   * port.
   *
   * `directory` is where the manager keeps saved scopes. It is made if it does not exist, and read before the
   * constructor returns. A manager has one directory, which no other manager and no other process may use. Without it,
   * an own manager saves nothing, and the global one saves into the directory that another port has named.
   *
   * Throws an `Error` with `code`, an `ErrorCode`: `invalidOptions` for another manager, `storageUnavailable` or
   * `storageFailed` for a directory that cannot be used.
   */
  constructor(options: { manager: 'global' | 'own'; directory?: string });

  /** Returns the state now, as JSON of a `Snapshot`. */
  snapshot(): string;

  /** Sends a command, as JSON of an `Envelope`. Never throws: a refusal is an event with the command's `requestId`. */
  send(command: string): void;

  /**
   * Calls `callback` with JSON of each `Batch`, on this thread's event loop, until the port is closed. Does not keep
   * the process alive. Throws when the port has a callback already.
   */
  onEvents(callback: (batch: string) => void): void;

  /** Ends the connection: no callback runs after this. Waits for nothing. A second call has no effect. */
  close(): void;
}
