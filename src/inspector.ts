export { LlamaInspector, type LlamaInspectorProps } from './react/LlamaInspector/LlamaInspector';
