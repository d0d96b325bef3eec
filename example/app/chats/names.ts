import type { ScopeSummary } from 'react-native-llama-rs';

/** A name for a new conversation, not in use yet. */
export function newScope(scopes: readonly ScopeSummary[]): string {
  return freeName(scopes, (number) => `Chat ${number}`);
}

/** A name for a copy of `scope`, not in use yet. */
export function copyName(scopes: readonly ScopeSummary[], scope: string): string {
  const base = scope.replace(/, copy(?: \d+)?$/, '');
  return freeName(scopes, (number) => (number === 1 ? `${base}, copy` : `${base}, copy ${number}`));
}

function freeName(scopes: readonly ScopeSummary[], nameOf: (number: number) => string): string {
  const taken = new Set(scopes.map(({ id }) => id));
  let number = 1;
  while (taken.has(nameOf(number))) number += 1;
  return nameOf(number);
}
