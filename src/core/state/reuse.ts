/** Returns `next`, deeply frozen. Every part that equals its counterpart in `previous` is that same object. */
export function reuse<T>(previous: unknown, next: T): T {
  if (typeof next !== 'object' || next === null) return next;
  if (Object.isFrozen(next)) return next;
  const old = fieldsOf(previous);
  const fields = next as Record<string, unknown>;
  const keys = Object.keys(fields);
  let same = isSameKind(previous, next) && Object.keys(old).length === keys.length;
  for (const key of keys) {
    fields[key] = reuse(old[key], fields[key]);
    same = same && Object.is(old[key], fields[key]);
  }
  return same ? (previous as T) : Object.freeze(next);
}

function isSameKind(previous: unknown, next: unknown): boolean {
  return isObject(previous) && Array.isArray(previous) === Array.isArray(next);
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
