import { makeLlamaProvider } from './react/client';
import { openPort } from './port.web';

export * from './api';

/** Gives the hooks below it their client. Its first render throws `portMissing` when it has to open a port and there is none. */
export const LlamaProvider = makeLlamaProvider(openPort);
