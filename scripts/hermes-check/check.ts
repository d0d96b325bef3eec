declare function print(text: string): void;

let checks = 0;

/** Throws when it does not hold. */
export function check(holds: boolean, what: string): void {
  checks += 1;
  if (!holds) throw new Error(`does not hold: ${what}`);
}

/** Says at the end that everything ran: a promise that never settles ends the VM without a word. */
export function report(main: Promise<void>): void {
  main.then(
    () => print(`hermes: ${checks} checks passed`),
    (error: unknown) => print(`hermes: failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
  );
}
