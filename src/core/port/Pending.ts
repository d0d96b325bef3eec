/** Counts promises that the app may be waiting for, so that a host can stay alive for them, and no longer. */
export class Pending {
  private count = 0;

  constructor(private readonly onBusy: (busy: boolean) => void) {}

  /**
   * Counts one more promise. Returns the function that stops counting it; only the first call of that function has an
   * effect.
   */
  begin(): () => void {
    this.count += 1;
    if (this.count === 1) this.onBusy(true);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.count -= 1;
      if (this.count === 0) this.onBusy(false);
    };
  }
}
