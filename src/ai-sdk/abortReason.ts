/** What a call that was aborted throws. An engine may know aborting, and no reasons. */
export function abortReason(signal: AbortSignal): unknown {
  return (signal.reason as unknown) ?? new DOMException('The call was aborted.', 'AbortError');
}
