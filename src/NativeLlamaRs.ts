import type { CodegenTypes, TurboModule } from 'react-native';
import { TurboModuleRegistry } from 'react-native';

/** The port as React Native's codegen sees it. `Port` has the documentation. */
export interface Spec extends TurboModule {
  snapshot(): string;
  send(command: string): void;
  readonly onEvents: CodegenTypes.EventEmitter<string>;
}

// Codegen needs a default export. `get` instead of `getEnforcing`, because port.native.ts has a better error message.
// eslint-disable-next-line no-restricted-syntax
export default TurboModuleRegistry.get<Spec>('LlamaRs');
