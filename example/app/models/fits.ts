import type { MemoryFit } from 'react-native-llama-rs';

import type { Tone } from '../ui/parts';

/** Whether a model fits into free memory, in a few words. */
export function fitBadge(fit: MemoryFit | undefined): { readonly label: string; readonly tone: Tone } {
  switch (fit?.verdict) {
    case 'fits':
      return { label: 'fits', tone: 'good' };
    case 'fitsSmaller':
      return { label: `fits with contextSize ${fit.estimate.contextSize}`, tone: 'warning' };
    case 'doesNotFit':
      return { label: 'does not fit', tone: 'bad' };
    case undefined:
      return { label: 'fit not known', tone: 'quiet' };
  }
}
