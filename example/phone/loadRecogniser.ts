import { initWhisper } from 'whisper.rn/index';

import type { Recogniser } from './WhisperTranscriber';

/** Loads whisper's weights from a file. */
export async function loadRecogniser(filePath: string): Promise<Recogniser> {
  const context = await initWhisper({ filePath });
  return {
    async recognise(pcm, language) {
      const { result } = await context.transcribeData(pcm, { language }).promise;
      return result;
    },
    release: () => context.release(),
  };
}
