import { type LlamaClient, LlamaError, type ModelConfig } from 'react-native-llama-rs';

import type { Services } from '../services';

// The actions of the screen's buttons.

/** Downloads a model, or resumes its download. A failure that the list of downloads shows is not thrown as well. */
export async function download(client: LlamaClient, name: string): Promise<void> {
  try {
    await client.download(name);
  } catch (error) {
    if (error instanceof LlamaError && error.code === 'cancelled') return;
    const isShown = client.downloads.getSnapshot().some((one) => one.name === name && one.status.type === 'failed');
    if (!isShown) throw error;
  }
}

/** Removes a model. A model that is loaded without a lease is unloaded first. */
export async function remove(client: LlamaClient, name: string): Promise<void> {
  if (client.model(name).getSnapshot()?.status.type === 'idle') await client.unload(name);
  await client.removeStoredModel(name);
}

/** Makes a stored model answer from now on, with the context that fits beside the loaded models. */
export async function choose(client: LlamaClient, { model, ownModel }: Services, name: string): Promise<void> {
  const config: ModelConfig = { ...ownModel, path: name };
  const { verdict, estimate } = await client.canLoad(config);
  const { contextSize, maxResident } = estimate;
  // A model that does not fit beside the others may fit in their place: the load tells.
  model.set(verdict === 'fitsSmaller' ? { ...config, contextSize, maxResident } : config);
}
