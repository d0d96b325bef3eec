import './globals';

export { createLlama, type LlamaModelOptions, type LlamaModels } from './createLlama';
export { type LlamaChatSettings, LlamaChatTransport, type LlamaChatTransportOptions } from './LlamaChatTransport';
export type { LlamaEmbeddingOptions, LlamaProviderOptions } from './providerOptions';
export { useLlamaVercelChat, type UseLlamaVercelChat, type UseLlamaVercelChatOptions } from './useLlamaVercelChat';
