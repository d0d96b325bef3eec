/**
 * The boundary between JavaScript and the engine, the same on every platform: a TurboModule, a Node addon, a socket, a
 * script in a test. What crosses it is JSON of the protocol (`src/protocol/generated.ts`).
 */
export interface Port {
  /** Everything known now, as JSON of a `Snapshot`. Synchronous and cheap. */
  snapshot(): string;
  /** Hands over a command, as JSON of an `Envelope`. Never throws; a refusal is an event with the command's `requestId`. */
  send(command: string): void;
  /** Calls `listener` with JSON of a `Batch`, never from within `snapshot` or `send`. Returns what ends that. */
  onEvents(listener: (batch: string) => void): () => void;
}
