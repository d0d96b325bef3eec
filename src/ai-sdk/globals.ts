// Imported before anything of the AI SDK, some of whose classes extend a stream as they are defined.
import { installGlobals } from './installGlobals';

installGlobals(globalThis);
