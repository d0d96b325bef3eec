import type { ErrorCode, ErrorInfo } from '../protocol/generated';

/**
 * The engine's codes, and four that only JavaScript uses: `portMissing` (no way to an engine), `providerMissing` (a
 * hook outside `LlamaProvider`), `protocolViolation` (the other side of the port broke the protocol), and `evictFailed`
 * (a resident's own `evict` threw).
 */
export type LlamaErrorCode = ErrorCode | 'portMissing' | 'providerMissing' | 'protocolViolation' | 'evictFailed';

/** The error class of this library. Match on `code`; `detail` says what failed, on what, and what to do. */
export class LlamaError extends Error {
  override readonly name = 'LlamaError';
  /** The kind of failure; stable between versions. */
  readonly code: LlamaErrorCode;
  /** For people and logs; may change between versions. Contains no text of a prompt or an answer. */
  readonly detail: string;

  /** `cause` is the error that this one explains. */
  constructor(code: LlamaErrorCode, detail: string, cause?: unknown) {
    super(`${code}: ${detail}`, { cause });
    this.code = code;
    this.detail = detail;
    // JavaScript engines before ES2022 ignore the option.
    this.cause = cause;
  }

  /** Makes an error of the engine's `ErrorInfo`. */
  static from(info: ErrorInfo): LlamaError {
    return new LlamaError(info.code, info.detail);
  }
}

/** Whether a caught value is a `LlamaError` with this code. */
export function isCode(error: unknown, code: LlamaErrorCode): boolean {
  return error instanceof LlamaError && error.code === code;
}
