/** Returns an id that starts with `kind`. */
export type NewId = (kind: string) => string;

/** Makes ids that no other client makes, not even the client before a reload. */
export function idMaker(): NewId {
  const client = Date.now().toString(36) + Math.random().toString(36).slice(2, 10);
  let count = 0;
  return (kind) => {
    count += 1;
    return `${kind}-${client}-${count}`;
  };
}
