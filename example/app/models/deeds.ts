import { type LlamaClient, LlamaError, type ModelConfig } from 'react-native-llama-rs';

import type { Services } from '../services';

// What the screen's buttons do.

/** Brings a model, or goes on with it. What goes wrong on its way is shown where its progress is. */
export async function download(client: LlamaClient, name: string): Promise<void> {
  try {
    await client.download(name);
  } catch (error) {
    if (error instanceof LlamaError && error.code === 'cancelled') return;
    const isShown = client.downloads.getSnapshot().some((one) => one.name === name && one.status.type === 'failed');
    if (!isShown) throw error;
  }
}

/** Removes a model. One that is loaded for nobody is unloaded first. */
export async function remove(client: LlamaClient, name: string): Promise<void> {
  if (client.model(name).getSnapshot()?.status.type === 'idle') await client.unload(name);
  await client.removeStoredModel(name);
}

/** Has a stored model answer from now on, with the context that fits beside what is loaded. */
export async function choose(client: LlamaClient, { model, ownModel }: Services, name: string): Promise<void> {
  const config: ModelConfig = { ...ownModel, path: name };
  const { verdict, estimate } = await client.canLoad(config);
  const { contextSize, maxResident } = estimate;
  // What does not fit at all beside the others may fit in their place: its load says.
  model.set(verdict === 'fitsSmaller' ? { ...config, contextSize, maxResident } : config);
}
