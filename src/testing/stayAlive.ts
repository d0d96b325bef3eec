/** Longer than any process waits, and within what a timer can hold. */
const FOREVER_MS = 2 ** 31 - 1;

/**
 * For `onBusy` of a client in Node: keeps the process while something is awaited. The addon itself does not, or no
 * process that uses it would ever end.
 */
export function stayAlive(): (busy: boolean) => void {
  let timer: NodeJS.Timeout | undefined;
  return (busy) => {
    clearInterval(timer);
    timer = busy ? setInterval(() => undefined, FOREVER_MS) : undefined;
  };
}
