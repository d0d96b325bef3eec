import type { ErrorCode, ErrorInfo } from '../protocol/generated';

/**
 * The engine's codes, and those that only JavaScript can meet: `portMissing` (no way to an engine), `providerMissing` (a
 * hook outside `LlamaProvider`), `protocolViolation` (the other side of the port sent what is not the protocol),
 * `evictFailed` (a resident's own `evict` threw).
 */
export type LlamaErrorCode = ErrorCode | 'portMissing' | 'providerMissing' | 'protocolViolation' | 'evictFailed';

/** The one error of this library. Match on `code`; `detail` says what failed, on what, and what to do. */
export class LlamaError extends Error {
  override readonly name = 'LlamaError';
  /** The kind of failure; stable between versions. */
  readonly code: LlamaErrorCode;
  /** For people and logs; may change between versions. Holds no text of a prompt or an answer. */
  readonly detail: string;

  /** `cause`: the error that this one explains, if there is one. */
  constructor(code: LlamaErrorCode, detail: string, cause?: unknown) {
    super(`${code}: ${detail}`, { cause });
    this.code = code;
    this.detail = detail;
    // Engines older than ES2022 ignore the option.
    this.cause = cause;
  }

  /** The engine's words as an error that can be thrown. */
  static from(info: ErrorInfo): LlamaError {
    return new LlamaError(info.code, info.detail);
  }
}

/** Whether something that was thrown is this library's error of this code. */
export function isCode(error: unknown, code: LlamaErrorCode): boolean {
  return error instanceof LlamaError && error.code === code;
}
