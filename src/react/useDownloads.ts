import type { Download } from '../protocol/generated';
import { useLlamaClient } from './client';
import { useStore } from './useStore';

/** Every download that runs or has failed, whoever asked for it, with its progress. One that has arrived is no longer here. */
export function useDownloads(): readonly Download[] {
  return useStore(useLlamaClient().downloads);
}
