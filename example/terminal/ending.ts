import { LlamaError } from 'react-native-llama-rs';

import { Untrue } from './claim';

export const SUCCESS = 0;
export const FAILURE = 1;
/** The exit code for a wrong command line: an unknown option, or a file that is not a model. */
export const REFUSED = 2;

/** The exit code and the sentence for an error. Throws unexpected errors again. */
export function ending(error: unknown): { code: number; sentence: string } {
  if (error instanceof Untrue)
    return { code: FAILURE, sentence: `A claim of the demo does not hold: ${error.message}.` };
  if (!(error instanceof LlamaError)) throw error;
  return { code: isBadFile(error) ? REFUSED : FAILURE, sentence: error.detail };
}

/** Whether the file on the command line is at fault. */
function isBadFile({ code }: LlamaError): boolean {
  return ['modelNotFound', 'modelInvalid', 'modelUnsupported'].includes(code);
}
