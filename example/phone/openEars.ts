import { initWhisper } from 'whisper.rn/index';

import type { Ears } from './WhisperTranscriber';

/** Loads whisper's weights from a file. */
export async function openEars(filePath: string): Promise<Ears> {
  const context = await initWhisper({ filePath });
  return {
    async recognise(pcm, language) {
      const { result } = await context.transcribeData(pcm, { language }).promise;
      return result;
    },
    release: () => context.release(),
  };
}
