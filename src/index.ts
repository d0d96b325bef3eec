import { makeLlamaProvider } from './react/client';
import { openPort } from './port.web';

export * from './api';

export const LlamaProvider = makeLlamaProvider(openPort);
