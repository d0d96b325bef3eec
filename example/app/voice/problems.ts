import type { HearingProblem } from '../speech/Transcriber';

/** Each problem in words for the user, and what to do about it. */
export const PROBLEMS: Readonly<Record<HearingProblem, { readonly title: string; readonly detail: string }>> = {
  permissionDenied: {
    title: 'The microphone is not allowed',
    detail: 'Allow it for this app in the settings of the system or the browser, or write your message.',
  },
  noMicrophone: { title: 'There is no microphone', detail: 'Connect one, or write your message.' },
  noSpeech: {
    title: 'Nothing was heard',
    detail: 'Talk louder or closer. If it stays so, see whether the microphone is muted, or not allowed for this app.',
  },
  interrupted: {
    title: 'The recording was interrupted',
    detail: 'The words heard so far are in your message. Talk again to go on.',
  },
  unavailable: {
    title: 'Speech is not recognised now',
    detail: 'The words heard so far are in your message. Try again, or write.',
  },
};
