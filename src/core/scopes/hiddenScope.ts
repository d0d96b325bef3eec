const PREFIX = 'hidden:';

/** Returns the id of a conversation that the library keeps for itself, and that no list of conversations shows. */
export function hiddenScope(name: string): string {
  return `${PREFIX}${name}`;
}

/** Whether a conversation is hidden. */
export function isHidden(scope: string): boolean {
  return scope.startsWith(PREFIX);
}
