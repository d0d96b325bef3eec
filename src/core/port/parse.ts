import type { Batch, Snapshot } from '../../protocol/generated';
import { LlamaError } from '../LlamaError';

/** Parses a batch and checks the fields that the client relies on. Throws `protocolViolation`. */
export function parseBatch(json: string): Batch {
  const batch = parseObject<Batch>(json, 'batch');
  requireShape(typeof batch.epoch === 'string' && isListOf(batch.events, isNumbered), 'batch');
  return batch;
}

/** Parses a snapshot and checks the fields that the client relies on. Throws `protocolViolation`. */
export function parseSnapshot(json: string): Snapshot {
  const snapshot = parseObject<Snapshot>(json, 'snapshot');
  const { models, scopes, generations, residents, downloads, devices } = snapshot;
  const lists = [models, scopes, generations, residents, downloads, devices];
  requireShape(typeof snapshot.epoch === 'string' && Number.isInteger(snapshot.seq), 'snapshot');
  requireShape(typeof snapshot.suspended === 'boolean', 'snapshot');
  requireShape(
    lists.every((list) => isListOf(list, isObject)),
    'snapshot',
  );
  return snapshot;
}

function parseObject<T extends object>(json: string, what: string): Partial<T> & T {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw violation(`the ${what} is not JSON`, error);
  }
  requireShape(isObject(value), what);
  return value as T;
}

function requireShape(holds: boolean, what: string): void {
  if (!holds) throw violation(`the ${what} is malformed`);
}

function violation(what: string, cause?: unknown): LlamaError {
  return new LlamaError('protocolViolation', `${what} - use one version of the library on both sides`, cause);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isListOf(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isItem);
}

function isNumbered(event: unknown): boolean {
  return isObject(event) && Number.isInteger(event.seq) && typeof event.type === 'string';
}
