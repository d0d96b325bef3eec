// The components and values that the examples of README.md and docs take from the reader's app.
import type { ReactNode } from 'react';
import type { LlamaClient, ModelConfig } from 'react-native-llama-rs';

declare global {
  /** The value of `new LlamaClient(port)` or `useLlamaClient()`. */
  const client: LlamaClient;
  const model: ModelConfig;
  /** The `bookmark` of `@react-native-documents/picker`, in base64. */
  const bookmark: string;

  function Bubble(props: { role: string; text: string }): ReactNode;
  function Input(props: { onSubmit: (text: string) => void; onStop: () => void; busy: boolean }): ReactNode;
  function Question(props: { text: string; onYes: () => void; onNo: () => void }): ReactNode;
  function Problem(props: { text: string }): ReactNode;
  function Progress(props: { value: number }): ReactNode;
}
