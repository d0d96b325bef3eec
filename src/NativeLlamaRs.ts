import type { CodegenTypes, TurboModule } from 'react-native';
import { TurboModuleRegistry } from 'react-native';

/** The port as React Native's codegen sees it. The documentation is at `Port`. */
export interface Spec extends TurboModule {
  snapshot(): string;
  send(command: string): void;
  readonly onEvents: CodegenTypes.EventEmitter<string>;
}

// Codegen finds the module by its default export. `get`, not `getEnforcing`: port.native.ts says what to do.
// eslint-disable-next-line no-restricted-syntax
export default TurboModuleRegistry.get<Spec>('Llama');
