// Conversations that a part of this library keeps for itself: they take memory as others do, and are nobody's to choose.

const PREFIX = 'hidden:';

/** The id of a conversation that no list of conversations shows. */
export function hiddenScope(name: string): string {
  return `${PREFIX}${name}`;
}

/** Whether a conversation is one of those. */
export function isHidden(scope: string): boolean {
  return scope.startsWith(PREFIX);
}
