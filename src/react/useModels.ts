import type { ModelState } from '../protocol/generated';
import { useLlamaClient } from './client';
import { useStore } from './useStore';

/** Returns every model that the manager knows, with its status, its leases and how often it was loaded. */
export function useModels(): readonly ModelState[] {
  return useStore(useLlamaClient().models);
}
