import { useMemo } from 'react';

import type { LlamaClient } from '../core/LlamaClient';
import { isHidden } from '../core/scopes/hiddenScope';
import type { ScopeSummary } from '../protocol/generated';
import { useLlamaClient } from './client';
import { useStore } from './useStore';

/** Functions of the client that act on one conversation. */
type ScopeActions = Pick<LlamaClient, 'park' | 'restore' | 'save' | 'fork' | 'rewindTo' | 'setPersist' | 'deleteScope'>;

/** All conversations, and the client's functions that act on one of them. */
export interface UseScopes extends ScopeActions {
  /**
   * Where the KV of each conversation is, how long it is, and which parts of it are on disk; without messages. Frozen,
   * and the same list until it changes. Hidden conversations, of AI SDK calls that name none, are left out.
   */
  readonly scopes: readonly ScopeSummary[];
}

/**
 * Returns every conversation that the manager knows, including those of earlier processes. The same object until one of
 * them changes.
 *
 * ```tsx
 * function Conversations() {
 *   const { scopes, fork, deleteScope } = useScopes();
 *   return scopes.map(({ id, residency }) => (
 *     <Row key={id} title={id} place={residency} onCopy={() => fork(id)} onDelete={() => deleteScope(id)} />
 *   ));
 * }
 * ```
 */
export function useScopes(): UseScopes {
  const client = useLlamaClient();
  const scopes = useStore(client.scopes);
  const actions = useMemo(() => actionsOf(client), [client]);
  return useMemo(() => {
    const shown = Object.freeze(scopes.filter(({ id }) => !isHidden(id)));
    return Object.freeze({ scopes: shown, ...actions });
  }, [scopes, actions]);
}

function actionsOf(client: LlamaClient): ScopeActions {
  return {
    park: (scope) => client.park(scope),
    restore: (scope) => client.restore(scope),
    save: (scope) => client.save(scope),
    fork: (scope, options) => client.fork(scope, options),
    rewindTo: (scope, messageIndex) => client.rewindTo(scope, messageIndex),
    setPersist: (scope, persist) => client.setPersist(scope, persist),
    deleteScope: (scope) => client.deleteScope(scope),
  };
}
