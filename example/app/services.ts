import { createContext, useContext } from 'react';
import type { GenerateOptions, ModelConfig, ReadableStore } from 'react-native-llama-rs';

import type { Drafts } from './Drafts';
import type { ModelSearch } from './models/ModelSearch';
import type { Interruption, Reader } from './speech/Reader';
import type { Cell } from './store';
import type { VoiceSession } from './voice/VoiceSession';

/** What the app's screens share. It outlives them: it is made once per JavaScript runtime. */
export interface Services {
  /** The model that answers. At first the app's own. */
  readonly model: Cell<ModelConfig>;
  readonly ownModel: ModelConfig;
  /** For every answer. */
  readonly options: GenerateOptions;
  readonly drafts: Drafts;
  readonly modelSearch: ModelSearch;
  /** The conversation that both tabs show. */
  readonly scope: Cell<string>;
  /** Absent: nothing is heard here. */
  readonly voice: VoiceSession | undefined;
  /** Languages that are heard; none without a recogniser. */
  readonly languages: readonly string[];
  readonly language: Cell<string>;
  /** Absent: nothing is spoken here. */
  readonly reader: Reader | undefined;
  /** Whether answers are spoken. */
  readonly speaks: Cell<boolean>;
  /** Whether what is heard is prefilled while it is spoken. */
  readonly prepares: Cell<boolean>;
  /** Where the reading of the last answer was interrupted, until the next turn cuts the conversation there. */
  readonly interruption: Cell<Interruption | undefined>;
  /** Whether the engine can be reached. Always, but for an engine at the other end of a socket. */
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
