import type { Failure } from 'react-native-llama-rs';

import { Notice } from '../ui/parts';
import { titleOf } from './problems';

/** Why what was asked for could not be done, and what to do. Nothing while all is well. */
export function DeedFailed({ failure }: { failure: Failure | undefined }) {
  return failure === undefined ? null : <Notice tone="bad" title={titleOf(failure)} detail={failure.detail} />;
}
