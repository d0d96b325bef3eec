import type { LlamaErrorCode } from '../core/LlamaError';

/** For `toThrow`: an error with this code, whose detail contains a text. */
export function withCode(code: LlamaErrorCode, detail = ''): Error {
  return expect.objectContaining({ code, detail: expect.stringContaining(detail) as string }) as Error;
}
