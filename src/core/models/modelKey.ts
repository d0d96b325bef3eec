import type { ModelConfig } from '../../protocol/generated';

/** A string that is equal for configs with the same options, in whatever order, and with `undefined` as left out. */
export function modelKey(model: ModelConfig): string {
  const options = Object.entries(model as unknown as Record<string, unknown>).filter(([, value]) => value !== undefined);
  return JSON.stringify(Object.fromEntries(options.sort(([left], [right]) => (left < right ? -1 : 1))));
}

/** The config that a key was made of. */
export function modelOfKey(key: string): ModelConfig {
  return JSON.parse(key) as ModelConfig;
}
