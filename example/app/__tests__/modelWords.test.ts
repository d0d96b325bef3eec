import type { DownloadProgress, MemoryFit } from 'react-native-llama-rs';

import { bytesText, progressText, shareOf } from '../models/amounts';
import { fitBadge } from '../models/fits';
import { titleOf } from '../models/problems';

test.each([
  [0, '0 kB'],
  [1, '1 kB'],
  [812_300, '813 kB'],
  [1_270_000, '1.3 MB'],
  [42_000_000, '42 MB'],
  [4_370_000_000, '4.4 GB'],
])('%d bytes are read as %s', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

const progress = (more: Partial<DownloadProgress>): DownloadProgress => ({
  phase: { type: 'running' },
  bytes: 12e6,
  totalBytes: 48e6,
  ...more,
});

test.each<[Partial<DownloadProgress>, string]>([
  [{ bytesPerSecond: 3e6, secondsLeft: 12 }, '12 MB of 48 MB, 3.0 MB/s, 12 s left'],
  [{ bytesPerSecond: 3e5, secondsLeft: 130 }, '12 MB of 48 MB, 300 kB/s, 3 min left'],
  [{ bytesPerSecond: 3e3, secondsLeft: 3900 }, '12 MB of 48 MB, 3 kB/s, 1 h 5 min left'],
  [{}, '12 MB of 48 MB'],
  [{ phase: { type: 'paused' } }, '12 MB of 48 MB, paused'],
  [{ phase: { type: 'verifying' } }, '12 MB of 48 MB, being verified'],
  [
    { phase: { type: 'waiting', code: 'connectionLost', waitMs: 3200 } },
    '12 MB of 48 MB; the network failed, next attempt in 4 s',
  ],
  [{ phase: { type: 'connecting' } }, 'Asking the server'],
  [{ phase: { type: 'preparing' } }, 'Checking the downloaded part'],
])('a download that is %j is "%s"', (more, text) => {
  expect(progressText(progress(more))).toBe(text);
});

test('a download whose size nobody has said is shown by what has come', () => {
  const unknown: DownloadProgress = { phase: { type: 'running' }, bytes: 12e6 };
  expect(progressText(unknown)).toBe('12 MB');
  expect(shareOf(unknown)).toBe(0);
  expect(shareOf(progress({}))).toBe(0.25);
});

const fit = (verdict: MemoryFit['verdict']): MemoryFit => ({
  verdict,
  estimate: { weightsBytes: 1, kvBytes: 1, computeBytes: 1, contextSize: 2048, maxResident: 1 },
});

test('a fit is told in words, and by a colour beside them', () => {
  expect(fitBadge(fit('fits'))).toEqual({ label: 'fits', tone: 'good' });
  expect(fitBadge(fit('fitsSmaller'))).toEqual({ label: 'fits with contextSize 2048', tone: 'warning' });
  expect(fitBadge(fit('doesNotFit'))).toEqual({ label: 'does not fit', tone: 'bad' });
  expect(fitBadge(undefined)).toEqual({ label: 'fit not known', tone: 'quiet' });
});

test('a failure has a title, also one that nobody thought of', () => {
  expect(titleOf({ code: 'diskFull' })).toBe('The disk is full');
  expect(titleOf({ code: 'engineCrashed' })).toBe('That did not work');
});
