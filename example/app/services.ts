import { createContext, useContext } from 'react';
import type { GenerateOptions, ModelConfig, ReadableStore } from 'react-native-llama-rs';

import type { Drafts } from './Drafts';
import type { ModelSearch } from './models/ModelSearch';
import type { Interruption, Reader } from './speech/Reader';
import type { Cell } from './store';
import type { VoiceSession } from './voice/VoiceSession';

/** The services that the app's screens share. They are made once per JavaScript runtime and outlive the screens. */
export interface Services {
  /** The model that answers. @default the app's own */
  readonly model: Cell<ModelConfig>;
  readonly ownModel: ModelConfig;
  /** Options of every answer. */
  readonly options: GenerateOptions;
  readonly drafts: Drafts;
  readonly modelSearch: ModelSearch;
  /** The conversation that both tabs show. */
  readonly scope: Cell<string>;
  /** Absent where nothing recognises speech. */
  readonly voice: VoiceSession | undefined;
  /** Languages that the recogniser hears; empty without one. */
  readonly languages: readonly string[];
  readonly language: Cell<string>;
  /** Absent where nothing can speak. */
  readonly reader: Reader | undefined;
  /** Whether answers are spoken. */
  readonly speaks: Cell<boolean>;
  /** Whether speech is prefilled while the user speaks. */
  readonly prepares: Cell<boolean>;
  /** The place where reading the last answer aloud was interrupted. The next turn cuts the conversation there. */
  readonly interruption: Cell<Interruption | undefined>;
  /** Whether the engine can be reached. Only an engine behind a socket can be offline. */
  readonly online: ReadableStore<boolean>;
  /** Reloads JavaScript. */
  readonly onReload: () => void;
}

const ServicesContext = createContext<Services | undefined>(undefined);

export const ServicesProvider = ServicesContext.Provider;

/** The services of the app around the component. */
export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (services === undefined) throw new Error('the component is outside the app');
  return services;
}
