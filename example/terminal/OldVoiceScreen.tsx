import { type ReactNode, useEffect, useState } from 'react';
import type { ModelConfig } from 'react-native-llama-rs';

import type { OldRuntime } from '../../fixtures/old-pattern/runtime';
import { useLlamaVercelChat } from '../../fixtures/old-pattern/useLlamaVercelChat';
import type { Watcher } from './screen';

interface OldVoiceScreenProps {
  readonly runtime: OldRuntime;
  readonly model: ModelConfig;
  readonly transcript: string;
  readonly watcher: Watcher;
}

/**
 * The same screen on the old pattern, which has one context and one conversation. The screen waits for the context
 * before it asks. That avoids the pattern's race between two loads.
 */
export function OldVoiceScreen({ runtime, model, transcript, watcher }: OldVoiceScreenProps): ReactNode {
  const { isInitializing, isReady, processMessage } = useLlamaVercelChat(runtime, model);
  const [readyAtFirst] = useState(isReady);
  const [answer, setAnswer] = useState('');

  useEffect(() => watcher.firstRender(readyAtFirst), [watcher, readyAtFirst]);
  useEffect(() => {
    if (!isReady) return;
    processMessage(transcript, setAnswer).then((text) => {
      const usage = runtime.native.alive.at(-1)?.usages.at(-1);
      if (usage !== undefined) watcher.answered({ text, usage });
    }, watcher.failed);
  }, [isReady, processMessage, runtime, transcript, watcher]);
  useEffect(() => {
    if (!isInitializing && runtime.store.error !== null) watcher.failed(new Error(runtime.store.error));
  }, [isInitializing, runtime, watcher]);
  useEffect(() => watcher.shown(answer), [watcher, answer]);

  return <text>{answer}</text>;
}
