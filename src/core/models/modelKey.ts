import type { ModelConfig } from '../../protocol/generated';

/**
 * Returns the same string for configs with the same options, in any order. An `undefined` option counts as left out.
 */
export function modelKey(model: ModelConfig): string {
  const all = Object.entries(model as unknown as Record<string, unknown>);
  const options = all.filter(([, value]) => value !== undefined);
  return JSON.stringify(Object.fromEntries(options.sort(([left], [right]) => (left < right ? -1 : 1))));
}

/** Returns the config of a key. */
export function modelOfKey(key: string): ModelConfig {
  return JSON.parse(key) as ModelConfig;
}
