import './globals';

export { createLlama, type LlamaModelOptions, type LlamaModels } from './createLlama';
export type { LlamaProviderOptions } from './providerOptions';
