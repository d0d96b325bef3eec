import { LlamaError } from './core/LlamaError';
import type { Port } from './core/port/Port';
import NativeLlamaRs from './NativeLlamaRs';

/** Opens the TurboModule as a port. Throws `portMissing` in an app that was built without the module. */
export function openPort(): Port {
  if (NativeLlamaRs == null) {
    throw new LlamaError(
      'portMissing',
      'react-native-llama-rs is not part of this app - ' +
        'build the app again (on iOS after pod install), or give LlamaProvider a client',
    );
  }
  const module = NativeLlamaRs;
  return {
    snapshot: () => module.snapshot(),
    send: (command) => module.send(command),
    onEvents(listener) {
      const subscription = module.onEvents(listener);
      return () => subscription.remove();
    },
  };
}
