import { LlamaError } from 'react-native-llama-rs';

import { Untrue } from './claim';

export const SUCCESS = 0;
export const FAILURE = 1;
/** The command line asked for what cannot be: an unknown option, a file that is no model. */
export const REFUSED = 2;

/** How the program ends after an error, and the sentence that says why. Throws again what nobody foresaw. */
export function ending(error: unknown): { code: number; sentence: string } {
  if (error instanceof Untrue)
    return { code: FAILURE, sentence: `This was to be shown, and was not so: ${error.message}.` };
  if (!(error instanceof LlamaError)) throw error;
  return { code: isBadFile(error) ? REFUSED : FAILURE, sentence: error.detail };
}

/** Whether the fault is the file's, which is the caller's choice. */
function isBadFile({ code }: LlamaError): boolean {
  return ['modelNotFound', 'modelInvalid', 'modelUnsupported'].includes(code);
}
