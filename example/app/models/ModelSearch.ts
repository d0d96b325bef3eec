import type { Failure, HubRepository, LlamaClient } from 'react-native-llama-rs';

import { Cell } from '../store';

/** The result of the last search. */
export type Found =
  | { readonly type: 'nothing' }
  | { readonly type: 'searching'; readonly name: string }
  | { readonly type: 'found'; readonly repository: HubRepository }
  | { readonly type: 'failed'; readonly name: string; readonly error: Failure };

/** The search for models on the hub. It outlives the screen. */
export class ModelSearch {
  /** The text in the search field. */
  readonly text = new Cell('');
  readonly found = new Cell<Found>({ type: 'nothing' });
  private searches = 0;

  constructor(private readonly client: Pick<LlamaClient, 'browseHub'>) {}

  /** Searches the repository in the field. Only the newest search delivers a result. */
  readonly search = async (): Promise<void> => {
    const text = this.text.getSnapshot().trim();
    if (text === '') return;
    // The prefix `hf:` is optional in the field.
    const name = text.includes(':') ? text : `hf:${text}`;
    this.searches += 1;
    const number = this.searches;
    this.found.set({ type: 'searching', name });
    const found = await this.client.browseHub(name).then(
      (repository): Found => ({ type: 'found', repository }),
      (error: unknown): Found => ({ type: 'failed', name, error: error as Failure }),
    );
    if (number === this.searches) this.found.set(found);
  };
}
