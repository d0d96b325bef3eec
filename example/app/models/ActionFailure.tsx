import type { Failure } from 'react-native-llama-rs';

import { Notice } from '../ui/parts';
import { titleOf } from './problems';

/** The failure of an action, and what to do about it. Empty without a failure. */
export function ActionFailure({ failure }: { failure: Failure | undefined }) {
  return failure === undefined ? null : <Notice tone="bad" title={titleOf(failure)} detail={failure.detail} />;
}
