const PREFIX = 'hidden:';

/**
 * Returns the id of a conversation that the library keeps for itself. `useScopes` does not list it; `client.scopes`
 * does.
 */
export function hiddenScope(name: string): string {
  return `${PREFIX}${name}`;
}

/** Whether a conversation is hidden. */
export function isHidden(scope: string): boolean {
  return scope.startsWith(PREFIX);
}
