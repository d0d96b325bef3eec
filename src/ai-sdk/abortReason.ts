/** Returns the error of an aborted call. Some JavaScript engines have signals without a reason. */
export function abortReason(signal: AbortSignal): unknown {
  return (signal.reason as unknown) ?? new DOMException('The call was aborted.', 'AbortError');
}
