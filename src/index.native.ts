import { makeLlamaProvider } from './react/client';
import { openPort } from './port.native';

export * from './api';

export const LlamaProvider = makeLlamaProvider(openPort);
