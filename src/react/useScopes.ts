import { useMemo } from 'react';

import { isHidden } from '../core/scopes/hiddenScope';
import type { LlamaClient } from '../core/LlamaClient';
import type { ScopeSummary } from '../protocol/generated';
import { useLlamaClient } from './client';
import { useStore } from './useStore';

/** All conversations, and what can be done to one by hand. Each function is the client's of the same name. */
export interface UseScopes extends Pick<LlamaClient, 'park' | 'restore' | 'save' | 'fork' | 'rewindTo' | 'setPersist'> {
  /**
   * Where each is, how long, and what of it is on disk; without messages. Frozen, and the same list until it changes. Without
   * those that hold calls of the AI SDK which name none.
   */
  readonly scopes: readonly ScopeSummary[];
  /** Forgets one: transcript and cached tokens, in memory and on disk. A running generation is cancelled first. */
  readonly dispose: LlamaClient['disposeScope'];
}

/**
 * Every conversation that the manager knows, also those of an earlier process. The same object until one of them changes.
 *
 * ```tsx
 * function Conversations() {
 *   const { scopes, fork, dispose } = useScopes();
 *   return scopes.map(({ id, residency }) => (
 *     <Row key={id} title={id} place={residency} onCopy={() => fork(id)} onDelete={() => dispose(id)} />
 *   ));
 * }
 * ```
 */
export function useScopes(): UseScopes {
  const client = useLlamaClient();
  const scopes = useStore(client.scopes);
  const actions = useMemo(() => actionsOf(client), [client]);
  return useMemo(() => Object.freeze({ scopes: Object.freeze(scopes.filter(({ id }) => !isHidden(id))), ...actions }), [scopes, actions]);
}

function actionsOf(client: LlamaClient): Omit<UseScopes, 'scopes'> {
  return {
    park: (scope) => client.park(scope),
    restore: (scope) => client.restore(scope),
    save: (scope) => client.save(scope),
    fork: (scope, options) => client.fork(scope, options),
    rewindTo: (scope, messageIndex) => client.rewindTo(scope, messageIndex),
    setPersist: (scope, persist) => client.setPersist(scope, persist),
    dispose: (scope) => client.disposeScope(scope),
  };
}
