// Must be imported before the AI SDK: some of its classes extend a stream class when they are defined.
import { installGlobals } from './installGlobals';

installGlobals(globalThis);
