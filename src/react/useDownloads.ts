import type { Download } from '../protocol/generated';
import { useLlamaClient } from './client';
import { useStore } from './useStore';

/**
 * Returns every download that runs or has failed, of any client, with its progress. A finished one is not in the list.
 */
export function useDownloads(): readonly Download[] {
  return useStore(useLlamaClient().downloads);
}
