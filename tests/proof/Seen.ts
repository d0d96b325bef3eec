/** Records the value of each render of a component, and waits for later ones. */
export class Seen<T> {
  readonly renders: T[] = [];
  private readonly listeners = new Set<() => void>();

  /** Called while rendering. */
  readonly note = (value: T): void => {
    this.renders.push(value);
    for (const listener of [...this.listeners]) listener();
  };

  get last(): T {
    const last = this.renders.at(-1);
    if (last === undefined) throw new Error('nothing was rendered');
    return last;
  }

  /** Resolves to the first render from `from` on, past or future, for which `holds` is true. */
  async until(holds: (value: T) => boolean, from = 0): Promise<T> {
    for (;;) {
      const found = this.renders.slice(from).find(holds);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        const once = () => {
          this.listeners.delete(once);
          resolve();
        };
        this.listeners.add(once);
      });
    }
  }
}
