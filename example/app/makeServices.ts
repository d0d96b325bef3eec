import type { GenerateOptions, LlamaClient, ModelConfig, ReadableStore } from 'react-native-llama-rs';

import { newScope } from './chats/names';
import { Drafts } from './Drafts';
import { ModelSearch } from './models/ModelSearch';
import type { Services } from './services';
import { type Interruption, Reader } from './speech/Reader';
import type { Speaker } from './speech/Speaker';
import type { Transcriber } from './speech/Transcriber';
import { Cell } from './store';
import { VoiceSession } from './voice/VoiceSession';

/** The parts that differ between phone and browser. */
export interface Platform {
  /** The model that answers until the user chooses another one. */
  readonly model: ModelConfig;
  readonly options: GenerateOptions;
  readonly transcriber?: Transcriber | undefined;
  readonly speaker?: Speaker | undefined;
  /** @default always online */
  readonly online?: ReadableStore<boolean>;
  readonly onReload: () => void;
}

/** Makes the services that the screens share. The app opens the conversation that was used last. */
export function makeServices(
  client: LlamaClient,
  { model, options, transcriber, speaker, online, onReload }: Platform,
): Services {
  const [last] = [...client.scopes.getSnapshot()].sort((left, right) => right.lastUsedAt - left.lastUsedAt);
  const languages = transcriber?.languages ?? [];
  const language = new Cell(languages[0] ?? '');
  return {
    model: new Cell(model),
    ownModel: model,
    options,
    drafts: new Drafts(),
    modelSearch: new ModelSearch(client),
    scope: new Cell(last?.id ?? newScope([])),
    voice: transcriber && new VoiceSession(transcriber),
    languages,
    language,
    reader: speaker && new Reader(speaker, language),
    speaks: new Cell(false),
    prepares: new Cell(true),
    interruption: new Cell<Interruption | undefined>(undefined),
    online: online ?? new Cell(true),
    onReload,
  };
}
