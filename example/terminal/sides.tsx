import type { ReactElement } from 'react';
import { LlamaProvider, type ModelConfig } from 'react-native-llama-rs';

import { NativeLlama } from '../../fixtures/old-pattern/NativeLlama';
import { startOldRuntime } from '../../fixtures/old-pattern/runtime';
import { openEngine } from './engine';
import { OldVoiceScreen } from './OldVoiceScreen';
import { ANSWER, type Watcher } from './screen';
import { VoiceScreen } from './VoiceScreen';

export interface Recording {
  readonly scope: string;
  readonly transcript: string;
}

/** One pattern of the app, with engines of its own. */
export interface Side {
  readonly name: string;
  /** Whether the pattern keeps a conversation beyond its screen. */
  readonly remembers: boolean;
  screen(recording: Recording, watcher: Watcher): ReactElement;
  /** The number of model loads so far. */
  loads(): number;
  /** Resolves when the work of unmounted screens is done. */
  settled(): Promise<void>;
  readonly close: () => void;
}

export function oldPattern(model: ModelConfig): Side {
  const native = new NativeLlama(ANSWER);
  const runtime = startOldRuntime(native);
  return {
    name: 'old pattern',
    remembers: false,
    screen: ({ transcript }, watcher) => (
      <OldVoiceScreen runtime={runtime} model={model} transcript={transcript} watcher={watcher} />
    ),
    loads: () => native.contexts.length,
    settled: () => native.settled(),
    close: () => undefined,
  };
}

export function thisLibrary(model: ModelConfig): Side {
  const { client, close } = openEngine();
  return {
    name: 'this library',
    remembers: true,
    screen: (recording, watcher) => (
      <LlamaProvider client={client}>
        <VoiceScreen model={model} {...recording} watcher={watcher} />
      </LlamaProvider>
    ),
    loads: () => client.model(model.path).getSnapshot()?.loads ?? 0,
    settled: () => Promise.resolve(),
    close,
  };
}
