import type { Failure } from 'react-native-llama-rs';

/** Titles of failures. The failure's own detail says what to do. */
const TITLES: Partial<Record<Failure['code'], string>> = {
  offline: 'The network cannot be reached',
  connectionLost: 'The connection was lost',
  tooSlow: 'The connection is too slow',
  modelNotFound: 'There is no such model',
  invalidModelName: 'That is not the name of a model',
  accessDenied: 'The hub wants a token',
  diskFull: 'The disk is full',
  digestMismatch: 'The checksum of the file is wrong',
  modelInUse: 'The model is in use',
};

/** A title for a failure. */
export function titleOf({ code }: Pick<Failure, 'code'>): string {
  return TITLES[code] ?? 'That did not work';
}
