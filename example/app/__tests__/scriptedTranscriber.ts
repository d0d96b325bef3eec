import type { HearingListener, Transcriber } from '../speech/Transcriber';

/** A recogniser that hears what a test says. */
export interface ScriptedTranscriber extends Transcriber {
  /** Speaks to the newest recording. */
  readonly hearing: HearingListener;
  /** What was done to recordings, in order. */
  readonly calls: readonly string[];
}

export function scriptedTranscriber(languages: readonly string[] = ['en-US']): ScriptedTranscriber {
  const calls: string[] = [];
  let newest: HearingListener | undefined;
  return {
    languages,
    calls,
    get hearing() {
      if (newest === undefined) throw new Error('nothing was recorded');
      return newest;
    },
    start(language, listener) {
      calls.push(`start ${language}`);
      newest = listener;
      return { finish: () => calls.push('finish'), cancel: () => calls.push('cancel') };
    },
  };
}
