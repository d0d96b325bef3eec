/** The longest time that a timer can hold. */
const FOREVER_MS = 2 ** 31 - 1;

/**
 * Makes an `onBusy` that keeps a Node process alive while a promise of the client is pending. The addon itself does not
 * keep a process alive: otherwise no process that uses it would ever end.
 */
export function stayAlive(): (busy: boolean) => void {
  let timer: NodeJS.Timeout | undefined;
  return (busy) => {
    clearInterval(timer);
    timer = busy ? setInterval(() => undefined, FOREVER_MS) : undefined;
  };
}
