import { type ReactNode, useEffect, useState } from 'react';
import { type ModelConfig, useLlama } from 'react-native-llama-rs';

import { ANSWER, type Watcher } from './screen';

interface VoiceScreenProps {
  readonly model: ModelConfig;
  /** The conversation. */
  readonly scope: string;
  /** The user's words from a speech recogniser. */
  readonly transcript: string;
  readonly watcher: Watcher;
}

/** A screen for one recording. It has a lease of the model while it is mounted, and owns nothing. */
export function VoiceScreen({ model, scope, transcript, watcher }: VoiceScreenProps): ReactNode {
  const { status, generate } = useLlama({ ...model, scope, debugLabel: 'VoiceScreen' });
  const [readyAtFirst] = useState(status === 'ready');
  const [answer, setAnswer] = useState('');

  useEffect(() => watcher.firstRender(readyAtFirst), [watcher, readyAtFirst]);
  useEffect(() => {
    const generation = generate({ append: [{ role: 'user', content: transcript }], options: ANSWER });
    generation.result.then(watcher.answered, watcher.failed);
    return generation.subscribe(() => setAnswer(generation.getSnapshot().text));
  }, [generate, transcript, watcher]);
  useEffect(() => watcher.shown(answer), [watcher, answer]);

  return <text>{answer}</text>;
}
