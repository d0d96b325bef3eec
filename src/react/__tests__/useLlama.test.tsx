import { act, render, renderHook } from '@testing-library/react-native';
import { Activity, StrictMode } from 'react';

import { LlamaClient } from '../../core/LlamaClient';
import type { DownloadProgress } from '../../protocol/generated';
import { beginTurn, finishLoading, manualScheduler, modelInfo, modelState } from '../../testing';
import { useLlama, type UseLlama, type UseLlamaOptions } from '../useLlama';
import { harness, providerOf } from './harness';

const model = { path: 'a', keepAliveMs: 0 };
const ready = { models: [modelState('a', { type: 'ready', info: modelInfo })] };
const mounts = (port: ReturnType<typeof harness>['port']) => port.sentOf('recordMount').map(({ mount }) => mount);

test('nothing is taken while rendering, one lease in the effect, given back after the unmount', async () => {
  const { port, scheduler, wrapper } = harness();
  const sentWhileRendering: number[] = [];
  const { unmount } = await renderHook(
    () => {
      sentWhileRendering.push(port.sent.length);
      return useLlama({ ...model, debugLabel: 'VoiceTab' });
    },
    { wrapper },
  );
  expect(sentWhileRendering[0]).toBe(0);
  expect(port.sentOf('acquire')).toMatchObject([{ debugLabel: 'VoiceTab', model }]);
  await unmount();
  expect(port.sentOf('release')).toHaveLength(0);
  scheduler.runDeferred();
  expect(port.sentOf('release')).toMatchObject([{ leaseId: port.last('acquire').leaseId }]);
});

test('the options of the hook itself do not reach the engine', async () => {
  const { port, wrapper } = harness();
  await renderHook(() => useLlama({ ...model, debugLabel: 'Tab', scope: 's' }), { wrapper });
  expect(port.last('acquire').model).toEqual(model);
});

test('mounts and unmounts are in the flight recorder, under the owner', async () => {
  const { port, wrapper } = harness();
  const { unmount } = await renderHook(() => useLlama(model), { wrapper });
  await unmount();
  expect(port.sentOf('recordMount')).toMatchObject([
    { debugLabel: 'useLlama', path: 'a', mount: 'mounted' },
    { debugLabel: 'useLlama', path: 'a', mount: 'unmounted' },
  ]);
});

test('every state of the model is shown', async () => {
  const { wrapper, play } = harness();
  const { result } = await renderHook(() => useLlama(model), { wrapper });
  expect(result.current).toMatchObject({ status: 'unloaded', progress: 0 });
  const error = { code: 'modelInvalid', detail: 'not a GGUF' } as const;
  const come: DownloadProgress = {
    phase: { type: 'running' },
    bytes: 1,
    totalBytes: 4,
    bytesPerSecond: 1,
    secondsLeft: 3,
  };
  const unknown: DownloadProgress = { phase: { type: 'connecting' }, bytes: 0 };
  const states = [
    [
      { type: 'downloading', progress: unknown },
      { status: 'downloading', progress: 0, download: unknown },
    ],
    [
      { type: 'downloading', progress: come },
      { status: 'downloading', progress: 0.25, download: come },
    ],
    [
      { type: 'loading', progress: 0.5 },
      { status: 'loading', progress: 0.5, download: undefined },
    ],
    [
      { type: 'ready', info: modelInfo },
      { status: 'ready', progress: 1, info: modelInfo, error: undefined },
    ],
    [
      { type: 'idle', info: modelInfo },
      { status: 'ready', progress: 1, info: modelInfo },
    ],
    [{ type: 'unloading' }, { status: 'unloading', progress: 0, info: undefined }],
    [{ type: 'unloaded' }, { status: 'unloaded', progress: 0, info: undefined }],
    [
      { type: 'failed', error },
      { status: 'failed', error },
    ],
  ] as const;
  for (const [status, shown] of states) {
    await play((port) => port.emit({ type: 'modelChanged', model: modelState('a', status) }));
    expect(result.current).toMatchObject(shown);
  }
});

test.each(['ready', 'idle'] as const)(
  'a component that is mounted on a model that is %s is ready in its first render',
  async (type) => {
    const { client } = harness({ models: [modelState('a', { type, info: modelInfo })] });
    const renders: string[] = [];
    await renderHook(() => renders.push(useLlama(model).status), { wrapper: providerOf(client) });
    expect(renders[0]).toBe('ready');
  },
);

test('StrictMode, which takes, gives and takes again, is one lease', async () => {
  const { port, scheduler, wrapper: Wrapper } = harness();
  // StrictMode is at the root, because React mounts only the components below it twice.
  await render(
    <StrictMode>
      <Wrapper>
        <Holder />
      </Wrapper>
    </StrictMode>,
  );
  scheduler.runDeferred();
  expect(mounts(port)).toEqual(['mounted', 'unmounted', 'mounted']);
  expect(port.sentOf('acquire')).toHaveLength(1);
  expect(port.sentOf('release')).toHaveLength(0);
});

test('Activity gives the lease back when it hides and takes it when it shows; both at once cost nothing', async () => {
  const { port, scheduler, wrapper: Wrapper } = harness();
  const tree = (mode: 'visible' | 'hidden') => (
    <Wrapper>
      <Activity mode={mode}>
        <Holder />
      </Activity>
    </Wrapper>
  );
  const { rerender } = await render(tree('visible'));
  await rerender(tree('hidden'));
  await rerender(tree('visible'));
  scheduler.runDeferred();
  expect(port.sentOf('acquire')).toHaveLength(1);
  expect(port.sentOf('release')).toHaveLength(0);
  await rerender(tree('hidden'));
  scheduler.runDeferred();
  expect(port.sentOf('release')).toHaveLength(1);
  await rerender(tree('visible'));
  expect(port.sentOf('acquire')).toHaveLength(2);
});

test('a refusal that comes while Activity hides the component is not shown when it is back', async () => {
  const { port, wrapper: Wrapper, play } = harness();
  const shown: UseLlama[] = [];
  const Shown = () => {
    shown.push(useLlama(model));
    return null;
  };
  const tree = (mode: 'visible' | 'hidden') => (
    <Wrapper>
      <Activity mode={mode}>
        <Shown />
      </Activity>
    </Wrapper>
  );
  const { rerender } = await render(tree('visible'));
  await rerender(tree('hidden'));
  await play(() => port.answer(port.last('acquire'), { code: 'busy', detail: 'too much is waiting' }));
  await rerender(tree('visible'));
  expect(port.sentOf('acquire')).toHaveLength(2);
  expect(shown.at(-1)).toMatchObject({ status: 'unloaded', error: undefined });
});

function Holder(props: Partial<UseLlamaOptions>) {
  useLlama({ ...model, ...props });
  return null;
}

test('a remount in one commit, as by Fast Refresh or a new key, costs nothing even without a keep-alive', async () => {
  const { port, scheduler, wrapper: Wrapper } = harness(ready);
  const tree = (key: string) => (
    <Wrapper>
      <Holder key={key} />
    </Wrapper>
  );
  const { rerender } = await render(tree('before'));
  await rerender(tree('after'));
  scheduler.runDeferred();
  expect(mounts(port)).toEqual(['mounted', 'unmounted', 'mounted']);
  expect(port.sentOf('acquire')).toHaveLength(1);
  expect(port.sentOf('release')).toHaveLength(0);
});

test('a hundred hooks on one model are one lease', async () => {
  const { port, scheduler, wrapper: Wrapper } = harness();
  const rows = Array.from({ length: 100 }, (_, index) => <Holder key={index} />);
  const { unmount } = await render(<Wrapper>{rows}</Wrapper>);
  expect(port.sentOf('acquire')).toHaveLength(1);
  await unmount();
  scheduler.runDeferred();
  expect(port.sentOf('release')).toHaveLength(1);
});

test('equal options in new objects, in another order, never take the lease anew', async () => {
  const { port, scheduler, wrapper } = harness();
  const { rerender } = await renderHook((options: UseLlamaOptions) => useLlama(options), {
    wrapper,
    initialProps: { path: 'a', contextSize: 512, maxResident: undefined },
  });
  await rerender({ contextSize: 512, path: 'a' });
  scheduler.runDeferred();
  expect(port.sentOf('acquire')).toHaveLength(1);
  expect(mounts(port)).toEqual(['mounted']);
});

test.each([
  ['model', { path: 'b' }],
  ['debugLabel', { path: 'a', debugLabel: 'Other' }],
])('another %s takes a new lease and gives the old one back', async (_, next) => {
  const { port, scheduler, wrapper } = harness();
  const { rerender } = await renderHook((options: UseLlamaOptions) => useLlama(options), {
    wrapper,
    initialProps: { path: 'a' },
  });
  const old = port.last('acquire');
  await rerender(next);
  scheduler.runDeferred();
  expect(port.sentOf('acquire')).toHaveLength(2);
  expect(port.sentOf('release')).toMatchObject([{ leaseId: old.leaseId }]);
});

test('another client takes the lease there', async () => {
  const first = harness();
  const second = harness(ready);
  const { rerender } = await render(
    <first.wrapper>
      <Holder />
    </first.wrapper>,
  );
  await rerender(
    <second.wrapper>
      <Holder />
    </second.wrapper>,
  );
  first.scheduler.runDeferred();
  expect(first.port.sentOf('release')).toHaveLength(1);
  expect(second.port.sentOf('acquire')).toHaveLength(1);
});

test('unmounting while the model loads gives the lease back and says nothing', async () => {
  const { port, scheduler, wrapper, play } = harness();
  const { result, unmount } = await renderHook(() => useLlama(model), { wrapper });
  const { requestId } = port.last('acquire');
  await unmount();
  await play(() => scheduler.runDeferred());
  await play(() => port.emit({ type: 'failed', requestId, error: { code: 'loadCancelled', detail: 'nobody waits' } }));
  expect(port.sentOf('release')).toHaveLength(1);
  expect(result.current.error).toBeUndefined();
});

test('the end of a lease that was given back renders nobody', async () => {
  const { scheduler, wrapper, play } = harness();
  let renders = 0;
  const { rerender } = await renderHook(
    (options: UseLlamaOptions) => {
      renders += 1;
      return useLlama(options);
    },
    { wrapper, initialProps: { path: 'a' } },
  );
  await rerender({ path: 'b' });
  const before = renders;
  await play(() => scheduler.runDeferred());
  expect(renders).toBe(before);
});

test('a refusal is shown, whatever the model does for others, until the options change', async () => {
  const { port, wrapper, play } = harness(ready);
  const { result, rerender } = await renderHook((options: UseLlamaOptions) => useLlama(options), {
    wrapper,
    initialProps: { ...model, contextSize: 99 },
  });
  expect(result.current.status).toBe('ready');
  await play(() => port.answer(port.last('acquire'), { code: 'optionsConflict', detail: 'in use with 512' }));
  expect(result.current).toMatchObject({ status: 'failed', error: { code: 'optionsConflict' }, info: undefined });
  await rerender(model);
  expect(result.current).toMatchObject({ status: 'ready', error: undefined });
});

test('a load that failed here and succeeds for somebody else is ready here too', async () => {
  const { port, wrapper, play } = harness();
  const { result } = await renderHook(() => useLlama(model), { wrapper });
  const error = { code: 'outOfMemory', detail: 'needs 3.1 GB' } as const;
  await play(() => {
    port.emit({ type: 'modelChanged', model: modelState('a', { type: 'failed', error }) });
    port.answer(port.last('acquire'), error);
  });
  expect(result.current).toMatchObject({ status: 'failed', error });
  await play(() => port.emit({ type: 'modelChanged', model: modelState('a', { type: 'ready', info: modelInfo }) }));
  expect(result.current).toMatchObject({ status: 'ready', error: undefined });
});

test('retry takes the lease again after a failure', async () => {
  const { port, scheduler, wrapper, play } = harness();
  const { result } = await renderHook(() => useLlama(model), { wrapper });
  await play(() => port.answer(port.last('acquire'), { code: 'busy', detail: 'too much is waiting' }));
  expect(result.current.status).toBe('failed');
  const { retry } = result.current;
  await act(() => retry());
  expect(result.current).toMatchObject({ status: 'unloaded', error: undefined });
  expect(port.sentOf('acquire')).toHaveLength(2);
  await play(() => finishLoading(port));
  scheduler.runDeferred();
  expect(result.current.status).toBe('ready');
  expect(result.current.retry).toBe(retry);
});

test('retry loads a model again that somebody unloaded', async () => {
  const { port, wrapper, play } = harness();
  const { result } = await renderHook(() => useLlama(model), { wrapper });
  await play(() => finishLoading(port));
  await play(() => port.emit({ type: 'modelChanged', model: modelState('a', { type: 'unloaded' }) }));
  await act(() => result.current.retry());
  expect(port.sentOf('acquire')).toHaveLength(2);
});

test('generate speaks in the scope of the hook or of the call, with the model of the hook', async () => {
  const { port, wrapper } = harness();
  const { result } = await renderHook(() => useLlama({ ...model, scope: 'mine' }), { wrapper });
  await act(() => void result.current.generate('Hi'));
  expect(port.last('generate')).toMatchObject({ scope: 'mine', model, append: [{ role: 'user', content: 'Hi' }] });
  await act(
    () =>
      void result.current.generate({
        scope: 'other',
        messages: [{ role: 'user', content: 'Ho' }],
        options: { seed: 7 },
      }),
  );
  expect(port.last('generate')).toMatchObject({ scope: 'other', messages: [{ content: 'Ho' }], options: { seed: 7 } });
});

test('generate speaks in the scope named default when none is given', async () => {
  const { port, wrapper } = harness();
  const { result } = await renderHook(() => useLlama(model), { wrapper });
  await act(() => void result.current.generate('Hi'));
  expect(port.last('generate').scope).toBe('default');
});

test('generate is the same function until model, scope or client changes', async () => {
  const first = harness();
  const second = harness();
  let shown: UseLlama | undefined;
  function Probe(props: UseLlamaOptions) {
    shown = useLlama(props);
    return null;
  }
  const { rerender } = await render(
    <first.wrapper>
      <Probe path="a" />
    </first.wrapper>,
  );
  const generate = [shown?.generate];
  await rerender(
    <first.wrapper>
      <Probe path="a" />
    </first.wrapper>,
  );
  expect(shown?.generate).toBe(generate[0]);
  await rerender(
    <first.wrapper>
      <Probe path="b" />
    </first.wrapper>,
  );
  await act(() => void shown?.generate('to b'));
  expect(first.port.last('generate').model.path).toBe('b');
  await rerender(
    <first.wrapper>
      <Probe path="b" scope="s" />
    </first.wrapper>,
  );
  await act(() => void shown?.generate('in s'));
  expect(first.port.last('generate').scope).toBe('s');
  await rerender(
    <second.wrapper>
      <Probe path="b" scope="s" />
    </second.wrapper>,
  );
  await act(() => void shown?.generate('elsewhere'));
  expect(second.port.last('generate').scope).toBe('s');
});

test('a generation goes on when the component that started it is gone', async () => {
  const { port, wrapper, play } = harness();
  const { result, unmount } = await renderHook(() => useLlama(model), { wrapper });
  const generation = await act(() => result.current.generate('Hi'));
  const turn = await play(beginTurn);
  await unmount();
  await play(() => {
    turn.say('Hello');
    turn.finish();
  });
  expect(port.sentOf('cancel')).toHaveLength(0);
  await expect(generation.result).resolves.toMatchObject({ text: 'Hello' });
});

test('a batch that changes the model many times renders once', async () => {
  const { wrapper, play } = harness();
  let renders = 0;
  await renderHook(
    () => {
      renders += 1;
      return useLlama(model);
    },
    { wrapper },
  );
  const before = renders;
  const at = (progress: number) => ({
    type: 'modelChanged' as const,
    model: modelState('a', { type: 'loading', progress }),
  });
  await play((port) => port.emit(at(0.1), at(0.2), at(0.3)));
  expect(renders).toBe(before + 1);
});

test('a reload of JavaScript finds the model ready in its first render', async () => {
  const { port } = harness(ready);
  const client = new LlamaClient(port, { scheduler: manualScheduler() });
  const renders: string[] = [];
  await renderHook(() => renders.push(useLlama(model).status), { wrapper: providerOf(client) });
  expect(renders).toEqual(['ready']);
});

test('a change of the model renders those who show it, and nobody else', async () => {
  const { wrapper: Wrapper, play } = harness();
  let renders = 0;
  function Sibling() {
    renders += 1;
    return null;
  }
  await render(
    <Wrapper>
      <Holder />
      <Sibling />
    </Wrapper>,
  );
  await play((port) => port.emit({ type: 'modelChanged', model: modelState('a', { type: 'loading', progress: 0.1 }) }));
  expect(renders).toBe(1);
});
