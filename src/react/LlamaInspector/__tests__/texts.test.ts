import type { LifecycleEvent } from '../../../protocol/generated';
import { recordText } from '../recordText';
import { bytesText, fileName } from '../units';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 KiB'],
  [20 * 1024 ** 2, '20 MiB'],
  [1.5 * 1024 ** 3, '1.5 GiB'],
  [5000 * 1024 ** 3, '5000 GiB'],
])('%p bytes are %j', (bytes, expected) => {
  expect(bytesText(bytes)).toBe(expected);
});

test('a path is known by its file', () => {
  expect(fileName('/data/models/chat.gguf')).toBe('chat.gguf');
  expect(fileName('chat.gguf')).toBe('chat.gguf');
});

test.each<[LifecycleEvent, string]>([
  [{ type: 'mounted', debugLabel: 'Voice' }, 'mounted Voice'],
  [{ type: 'acquired', debugLabel: 'Voice', reused: true }, 'acquired Voice, reused'],
  [{ type: 'acquired', debugLabel: 'Voice', reused: false }, 'acquired Voice'],
  [{ type: 'unloaded' }, 'unloaded'],
  [{ type: 'failed', error: { code: 'outOfMemory', detail: 'x' } }, 'failed: outOfMemory'],
  [{ type: 'threadsChanged', from: 2, to: 1 }, 'threads 2 → 1'],
  [{ type: 'scopeParked', scope: 's', bytes: 1536 }, 'parked s, 1.5 KiB'],
  [{ type: 'scopeSaved', scope: 's', bytes: 1536 }, 'saved s, 1.5 KiB'],
  [{ type: 'scopeNotSaved', scope: 's', error: { code: 'storageFailed', detail: 'x' } }, 'not saved s: storageFailed'],
  [{ type: 'scopeRestored', scope: 's' }, 'restored s'],
  [{ type: 'scopeDropped', scope: 's' }, 'dropped s'],
  [{ type: 'scopeNearlyFull', scope: 's', tokens: 8, contextSize: 10 }, 'nearly full s, 8 of 10'],
  [{ type: 'scopeShifted', scope: 's', droppedMessages: 2 }, 'shifted s, 2 messages'],
  [{ type: 'fileSetAside', file: 'a/b' }, 'set aside b'],
  [{ type: 'trimmed', rung: 'idleUnloaded', bytesFreed: 1536 }, 'trimmed: idleUnloaded, 1.5 KiB'],
  [{ type: 'suspended', savedScopes: 3 }, 'suspended, 3 saved'],
])('%j reads %j', (event, expected) => {
  expect(recordText(event)).toBe(expected);
});
