import type { Batch, Snapshot } from '../../protocol/generated';
import { LlamaError } from '../LlamaError';

/** Parses a batch and checks what the client relies on. Throws `protocolViolation`. */
export function parseBatch(json: string): Batch {
  const batch = parseObject<Batch>(json, 'batch');
  requireShape(typeof batch.epoch === 'string' && isListOf(batch.events, isNumbered), 'batch');
  return batch;
}

/** Parses a snapshot and checks what the client relies on. Throws `protocolViolation`. */
export function parseSnapshot(json: string): Snapshot {
  const snapshot = parseObject<Snapshot>(json, 'snapshot');
  const lists = [snapshot.models, snapshot.scopes, snapshot.generations, snapshot.residents, snapshot.downloads, snapshot.devices];
  requireShape(typeof snapshot.epoch === 'string' && Number.isInteger(snapshot.seq), 'snapshot');
  requireShape(typeof snapshot.suspended === 'boolean', 'snapshot');
  requireShape(
    lists.every((list) => isListOf(list, isObject)),
    'snapshot',
  );
  return snapshot;
}

/** `next`, frozen all through, made of the parts of `previous` that are equal: what did not change keeps its identity. */
export function reuse<T>(previous: unknown, next: T): T {
  if (typeof next !== 'object' || next === null) return next;
  if (Object.isFrozen(next)) return next;
  const old = fieldsOf(previous);
  const fields = next as Record<string, unknown>;
  const keys = Object.keys(fields);
  let same = isAlike(previous, next) && Object.keys(old).length === keys.length;
  for (const key of keys) {
    fields[key] = reuse(old[key], fields[key]);
    same = same && Object.is(old[key], fields[key]);
  }
  return same ? (previous as T) : Object.freeze(next);
}

function isAlike(previous: unknown, next: unknown): boolean {
  return isObject(previous) && Array.isArray(previous) === Array.isArray(next);
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

function parseObject<T extends object>(json: string, what: string): Partial<T> & T {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new LlamaError('protocolViolation', `the ${what} is not JSON - use one version of the library on both sides`, error);
  }
  requireShape(isObject(value), what);
  return value as T;
}

function requireShape(holds: boolean, what: string): void {
  if (!holds) {
    throw new LlamaError('protocolViolation', `the ${what} is malformed - use one version of the library on both sides`);
  }
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
