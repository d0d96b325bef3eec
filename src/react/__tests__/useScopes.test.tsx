import { act, renderHook } from '@testing-library/react-native';

import { scopeSummary } from '../../testing';
import { useScopes } from '../useScopes';
import { harness } from './harness';

async function open() {
  const all = harness({ scopes: [scopeSummary('s'), scopeSummary('t', { residency: 'saved', savedAt: 1 })] });
  return { ...all, ...(await renderHook(() => useScopes(), { wrapper: all.wrapper })) };
}

test('every conversation is shown, where it is and whether it is on disk', async () => {
  const { result, play } = await open();
  expect(result.current.scopes).toMatchObject([
    { id: 's', residency: 'resident' },
    { id: 't', residency: 'saved', savedAt: 1 },
  ]);
  await play((port) => port.emit({ type: 'scopeChanged', scope: scopeSummary('s', { residency: 'parked' }) }));
  expect(result.current.scopes.map(({ residency }) => residency)).toEqual(['parked', 'saved']);
});

test('the result is frozen, and the same until it changes', async () => {
  const { result, rerender, play } = await open();
  const before = result.current;
  expect(Object.isFrozen(before)).toBe(true);
  expect(Object.isFrozen(before.scopes)).toBe(true);
  await rerender(undefined);
  await play((port) => port.emit({ type: 'scopeChanged', scope: scopeSummary('s') }));
  expect(result.current).toBe(before);
  await play((port) => port.emit({ type: 'scopeChanged', scope: scopeSummary('s', { cachedTokens: 7 }) }));
  expect(result.current).not.toBe(before);
  expect(result.current.scopes[1]).toBe(before.scopes[1]);
  expect(result.current.park).toBe(before.park);
});

test.each([
  ['park', [], { type: 'park', scope: 's' }],
  ['restore', [], { type: 'restore', scope: 's' }],
  ['save', [], { type: 'save', scope: 's' }],
  ['fork', [{ as: 'copy', messageCount: 2 }], { type: 'fork', scope: 's', fork: 'copy', messageCount: 2 }],
  ['rewindTo', [2], { type: 'rewindTo', scope: 's', messageIndex: 2 }],
  ['setPersist', ['none'], { type: 'setPersist', scope: 's', persist: 'none' }],
  ['deleteScope', [], { type: 'deleteScope', scope: 's' }],
] as const)('%s asks the engine, and settles with its answer', async (name, rest, command) => {
  const { result, port, play } = await open();
  const carryOut = result.current[name] as (scope: string, ...more: readonly unknown[]) => Promise<unknown>;
  const settled = jest.fn();
  await act(() => void carryOut('s', ...rest).catch(settled));
  expect(port.last(command.type)).toMatchObject(command);
  await play(() => port.answer(port.last(command.type), { code: 'busy', detail: 'a turn of s runs' }));
  expect(settled).toHaveBeenCalledWith(expect.objectContaining({ code: 'busy' }));
});
