/** Returns the list with `item` in the place of the one that has the same key, or at the end. */
export function put<T>(list: readonly T[], item: T, key: (item: T) => string): T[] {
  const known = list.some((other) => key(other) === key(item));
  return known ? list.map((other) => (key(other) === key(item) ? item : other)) : [...list, item];
}
