/**
 * The boundary between JavaScript and the engine, the same on every platform: a TurboModule, a Node addon, a socket, or
 * a script in a test. JSON of the protocol (`src/protocol/generated.ts`) crosses it.
 */
export interface Port {
  /** The whole state now, as JSON of a `Snapshot`. Synchronous and cheap. */
  snapshot(): string;
  /** Sends a command, as JSON of an `Envelope`. Never throws: a refusal is an event with the command's `requestId`. */
  send(command: string): void;
  /**
   * Calls `listener` with JSON of a `Batch`, never from within `snapshot` or `send`. Returns the function that
   * unsubscribes.
   */
  onEvents(listener: (batch: string) => void): () => void;
}
