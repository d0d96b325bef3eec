import { act, fireEvent, render, screen } from '@testing-library/react-native';
import { join } from 'node:path';
import type { GenerateOptions, LlamaClient, ModelConfig } from 'react-native-llama-rs';

import { App } from '../App';
import { makeServices } from '../makeServices';
import type { Services } from '../services';
import { type ScriptedTranscriber, scriptedTranscriber } from './scriptedTranscriber';

/** The tiny model. */
export const model = { path: join(process.cwd(), 'models/tiny-chat/tiny-chat-q8_0.gguf'), threads: 1 };

/** A test's own services. */
export type Change = Partial<Omit<Services, 'model'>> & { readonly model?: ModelConfig };

/**
 * Renders the app with a scripted recogniser and voice; `said` has the texts for the voice. The test's own services
 * come second.
 */
export async function openApp(
  client: LlamaClient,
  { model: own = model, ...change }: Change = {},
  options: GenerateOptions = { temperature: 0 },
) {
  const transcriber = scriptedTranscriber();
  const said: string[] = [];
  // A voice that never finishes.
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

/** Waits until the answer is shown and complete. */
export async function answered(text: string | RegExp) {
  await screen.findByText(text);
  await screen.findByRole('button', { name: 'Send' });
}

/** Presses the button and opens the microphone. */
export async function beginToTalk(transcriber: ScriptedTranscriber) {
  await fireEvent(screen.getByRole('button', { name: 'Talk' }), 'pressIn');
  await act(() => transcriber.hearing.onOpen());
}

/** Holds the button while the user says the text. */
export async function say(transcriber: ScriptedTranscriber, text: string) {
  await beginToTalk(transcriber);
  await act(() => transcriber.hearing.onPartial(text));
  await press('Stop talking');
  await act(() => transcriber.hearing.onEnd({ type: 'heard', text }));
}
