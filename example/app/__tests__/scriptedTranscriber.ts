import type { HearingListener, Transcriber } from '../speech/Transcriber';

/** A transcriber that a test speaks through. */
export interface ScriptedTranscriber extends Transcriber {
  /** The callbacks of the newest recording. */
  readonly hearing: HearingListener;
  /** The calls to recordings, in order. */
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
