import type { HearingProblem } from '../app/speech/Transcriber';
import { SAMPLE_RATE } from '../host/wire';

/** Callbacks of a microphone. */
export interface SoundListener {
  onOpen(): void;
  /** A tenth of a second of sound, and its loudness, 0 to 1. */
  onSound(samples: Int16Array<ArrayBuffer>, level: number): void;
  /** The microphone cannot be opened, or was taken away. Called last. */
  onProblem(problem: HearingProblem): void;
}

/** An open microphone. */
export interface Microphone {
  /** Closes the microphone. Calls `then` after the last sound. */
  finish(then: () => void): void;
  /** Closes the microphone. No callback follows. */
  close(): void;
}

type FromWorklet =
  | { readonly type: 'sound'; readonly samples: Int16Array<ArrayBuffer>; readonly power: number }
  | { readonly type: 'flushed' };

/** Turns off every effect of the browser, because each makes the recogniser hear other words. */
const AS_IT_IS = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1 };

/** Decibels below full scale that the meter shows as silence. */
const FLOOR_DB = -55;

/** Opens the browser's microphone at 16 kHz. Returns at once. The caller may finish it before it is open. */
export function openMicrophone(listener: SoundListener): Microphone {
  let stream: MediaStream | undefined;
  let worklet: AudioWorkletNode | undefined;
  let isClosed = false;
  let afterLast: (() => void) | undefined;
  const context = new AudioContext({ sampleRate: SAMPLE_RATE });

  const close = () => {
    if (isClosed) return;
    isClosed = true;
    document.removeEventListener('visibilitychange', onVisibility);
    for (const track of stream?.getTracks() ?? []) track.stop();
    void context.close();
  };
  const fail = (problem: HearingProblem) => {
    if (isClosed) return;
    close();
    listener.onProblem(problem);
  };
  const onVisibility = () => {
    if (document.visibilityState === 'hidden') fail('interrupted');
  };
  const flush = () => worklet?.port.postMessage('flush');

  const open = async () => {
    stream = await navigator.mediaDevices.getUserMedia({ audio: AS_IT_IS });
    // The user granted it too late: the recording is over.
    if (isClosed) for (const track of stream.getTracks()) track.stop();
    await context.audioWorklet.addModule('/recorder.worklet.js');
    if (isClosed) return;
    worklet = new AudioWorkletNode(context, 'recorder', { numberOfOutputs: 0 });
    worklet.port.onmessage = ({ data }) => {
      const message = data as FromWorklet;
      if (isClosed) return;
      if (message.type === 'sound') {
        listener.onSound(message.samples, levelOf(message.power));
        return;
      }
      close();
      afterLast?.();
    };
    for (const track of stream.getTracks()) {
      // The device is gone, or the permission.
      track.onended = () => fail('interrupted');
      // Another use, such as a call, has taken the microphone.
      track.onmute = () => fail('interrupted');
    }
    document.addEventListener('visibilitychange', onVisibility);
    context.createMediaStreamSource(stream).connect(worklet);
    listener.onOpen();
    if (afterLast !== undefined) flush();
  };
  open().catch((error: unknown) => fail(problemOf(error)));

  return {
    finish(then) {
      afterLast = then;
      flush();
    },
    close,
  };
}

function problemOf(error: unknown): HearingProblem {
  const { name } = error as { name?: string };
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'permissionDenied';
  return name === 'NotFoundError' ? 'noMicrophone' : 'interrupted';
}

function levelOf(power: number): number {
  const decibels = 10 * Math.log10(Math.max(power, 1e-10));
  return Math.min(1, Math.max(0, 1 - decibels / FLOOR_DB));
}
