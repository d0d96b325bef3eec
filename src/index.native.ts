import { openPort } from './port.native';
import { makeLlamaProvider } from './react/client';

export * from './api';

/**
 * Gives its hooks their client. Without a `client`, the first render opens the platform's port, or throws
 * `portMissing`.
 */
export const LlamaProvider = makeLlamaProvider(openPort);
