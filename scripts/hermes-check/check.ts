declare function print(text: string): void;

let checks = 0;

/** Throws if `holds` is false. */
export function check(holds: boolean, what: string): void {
  checks += 1;
  if (!holds) throw new Error(`does not hold: ${what}`);
}

/** Prints at the end that every check ran: a promise that never settles ends the VM silently. */
export function report(main: Promise<void>): void {
  main.then(
    () => print(`hermes: ${checks} checks passed`),
    (error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      print(`hermes: failed: ${text}`);
    },
  );
}
