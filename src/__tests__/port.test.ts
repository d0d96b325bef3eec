import type { EventSubscription } from 'react-native';

import type { Spec } from '../NativeLlamaRs';
import type * as native from '../port.native';
import { openPort as openWebPort } from '../port.web';
import { withCode } from './withCode';

type Native = { -readonly [Member in 'snapshot' | 'send' | 'onEvents']: Spec[Member] };

/** The native port, in an app with this module, or without it. */
function openNativePort(module: Native | null) {
  jest.resetModules();
  jest.doMock('../NativeLlamaRs', () => ({ __esModule: true, default: module }));
  return jest.requireActual<typeof native>('../port.native').openPort();
}

test('the native port hands everything on to the TurboModule', () => {
  const listeners = new Set<(batch: string) => void | Promise<void>>();
  const send = jest.fn();
  const port = openNativePort({
    snapshot: () => 'snapshot',
    send,
    onEvents(listener) {
      listeners.add(listener);
      const subscription: EventSubscription = { remove: () => void listeners.delete(listener) };
      return subscription;
    },
  });
  const heard: string[] = [];
  const leave = port.onEvents((batch) => heard.push(batch));
  listeners.forEach((listener) => void listener('batch'));
  leave();
  port.send('command');
  expect(port.snapshot()).toBe('snapshot');
  expect(heard).toEqual(['batch']);
  expect(listeners.size).toBe(0);
  expect(send).toHaveBeenCalledWith('command');
});

test.each([
  ['an app that was built without the module', () => openNativePort(null), 'build the app again'],
  ['a platform without an engine', openWebPort, 'give LlamaProvider a client'],
])('%s says what to do', (_, open, advice) => {
  expect(open).toThrow(withCode('portMissing', advice));
});
