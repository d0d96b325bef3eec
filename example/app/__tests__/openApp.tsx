import { act, fireEvent, render, screen } from '@testing-library/react-native';
import { join } from 'node:path';
import type { GenerateOptions, LlamaClient, ModelConfig } from 'react-native-llama-rs';

import { App } from '../App';
import { makeServices } from '../makeServices';
import type { Services } from '../services';
import { type ScriptedTranscriber, scriptedTranscriber } from './scriptedTranscriber';

/** The tiny model. */
export const model = { path: join(process.cwd(), 'models/tiny-chat/tiny-chat-q8_0.gguf'), threads: 1 };

/** What a test has otherwise than the app. */
export type Change = Partial<Omit<Services, 'model'>> & { readonly model?: ModelConfig };

/**
 * Renders the app. Only its ears and its voice are a test's; `said` is what the voice was given. What else is otherwise
 * comes second.
 */
export async function openApp(
  client: LlamaClient,
  { model: own = model, ...change }: Change = {},
  options: GenerateOptions = { temperature: 0 },
) {
  const transcriber = scriptedTranscriber();
  const said: string[] = [];
  // A voice that has never finished speaking.
  const speaker = { say: (text: string) => new Promise<void>(() => said.push(text)), stop: () => undefined };
  const platform = { model: own, options, transcriber, speaker, onReload: jest.fn() };
  const services = { ...makeServices(client, platform), ...change };
  await render(<App client={client} services={services} />);
  return { services, transcriber, said };
}

export const press = (name: string | RegExp) => fireEvent.press(screen.getByRole('button', { name }));
export const tab = (name: string) => fireEvent.press(screen.getByRole('tab', { name }));

export async function write(text: string) {
  await fireEvent.changeText(screen.getByLabelText('Message'), text);
  await press('Send');
}

/** Waits until the answer is there, and complete. */
export async function answered(text: string | RegExp) {
  await screen.findByText(text);
  await screen.findByRole('button', { name: 'Send' });
}

/** Begins to hold the button, with the microphone open. */
export async function beginToTalk(transcriber: ScriptedTranscriber) {
  await fireEvent(screen.getByRole('button', { name: 'Talk' }), 'pressIn');
  await act(() => transcriber.hearing.onOpen());
}

/** Holds the button while something is said. */
export async function say(transcriber: ScriptedTranscriber, text: string) {
  await beginToTalk(transcriber);
  await act(() => transcriber.hearing.onPartial(text));
  await press('Stop talking');
  await act(() => transcriber.hearing.onEnd({ type: 'heard', text }));
}
