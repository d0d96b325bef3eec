import type { LlamaClient, ResidentHandle } from 'react-native-llama-rs';

import type { HearingListener, HearingProblem, Recording, Transcriber } from '../app/speech/Transcriber';
import { joined, loudness } from './pcm';

/** A recogniser with its weights in memory. */
export interface Recogniser {
  /** Resolves to the words in 16 kHz, 16-bit, mono PCM. */
  recognise(pcm: ArrayBuffer, language: string): Promise<string>;
  /** Frees the weights. */
  release(): Promise<void>;
}

/** The phone's microphone, with one recording at a time. */
export interface PhoneMicrophone {
  /** Opens the microphone; pieces of 16 kHz, 16-bit, mono PCM follow. Resolves to the problem if it stays closed. */
  open(onSound: (pcm: Uint8Array) => void, onInterrupted: () => void): Promise<HearingProblem | undefined>;
  /** Closes the microphone. No piece follows. */
  close(): void;
}

/** The parts of a transcriber. */
export interface WhisperParts {
  readonly client: Pick<LlamaClient, 'reserveMemory'>;
  readonly microphone: PhoneMicrophone;
  /** Loads the weights. */
  readonly loadRecogniser: () => Promise<Recogniser>;
  /** Memory of the weights, in bytes. */
  readonly sizeBytes: number;
  /** Whisper's language codes; the first is the default. */
  readonly languages: readonly string[];
}

/** New sound after which the recording so far is recognised again: one second, in bytes. */
const GUESS_BYTES = 32_000;

/** Milliseconds without any piece, not even a silent one, after which another app or audio route has the microphone. */
const STALLED_MS = 3000;

/** Whisper's marks for sound that is not speech, such as `[BLANK_AUDIO]` and `(wind blowing)`. */
const NO_SPEECH = /\[[^\]]*\]|\([^)]*\)/g;

/**
 * Recognises speech with whisper on the phone. The first recording loads its weights, which then outlive every screen.
 * They are a resident of the engine's memory budget: the engine evicts them when it needs the memory and no recording
 * runs.
 */
export class WhisperTranscriber implements Transcriber {
  readonly languages: readonly string[];
  private recogniser: Promise<Recogniser> | undefined;
  private resident: ResidentHandle | undefined;
  private isAtWork = false;

  constructor(private readonly parts: WhisperParts) {
    this.languages = parts.languages;
  }

  start(language: string, listener: HearingListener): Recording {
    const { microphone } = this.parts;
    const pieces: Uint8Array[] = [];
    let state: 'recording' | 'finished' | 'over' = 'recording';
    let unheardBytes = 0;
    let guessing: Promise<void> = Promise.resolve();
    let isGuessing = false;

    this.setAtWork(true);
    const recogniser = this.load();
    const end = (heard: Parameters<HearingListener['onEnd']>[0]) => {
      if (state === 'over') return;
      leave();
      listener.onEnd(heard);
    };
    const fail = (problem: HearingProblem) => end({ type: 'failed', problem });
    let stalled: ReturnType<typeof setTimeout> | undefined;
    const expectSound = () => {
      clearTimeout(stalled);
      stalled = setTimeout(() => fail('interrupted'), STALLED_MS);
    };
    const leave = () => {
      state = 'over';
      clearTimeout(stalled);
      microphone.close();
      this.setAtWork(false);
    };
    const recognise = async () =>
      (await (await recogniser).recognise(joined(pieces), language)).replace(NO_SPEECH, '').trim();
    const guess = async () => {
      isGuessing = true;
      unheardBytes = 0;
      try {
        const text = await recognise();
        if (state === 'recording') listener.onPartial(text);
      } catch {
        fail('unavailable');
      }
      isGuessing = false;
    };

    microphone
      .open(
        (pcm) => {
          expectSound();
          pieces.push(pcm);
          unheardBytes += pcm.byteLength;
          listener.onLevel(loudness(pcm));
          if (!isGuessing && unheardBytes >= GUESS_BYTES) guessing = guess();
        },
        () => fail('interrupted'),
      )
      .then(
        (problem) => {
          if (problem !== undefined) {
            fail(problem);
          } else if (state === 'recording') {
            expectSound();
            listener.onOpen();
          }
        },
        () => fail('noMicrophone'),
      );
    return {
      finish() {
        if (state !== 'recording') return;
        state = 'finished';
        clearTimeout(stalled);
        microphone.close();
        // Whisper does one job at a time.
        guessing.then(recognise).then(
          (text) => end({ type: 'heard', text }),
          () => fail('unavailable'),
        );
      },
      cancel() {
        if (state !== 'over') leave();
      },
    };
  }

  private setAtWork(isAtWork: boolean): void {
    this.isAtWork = isAtWork;
    this.resident?.update({ inUse: isAtWork });
  }

  /** Loads the weights if they are not loaded. */
  private load(): Promise<Recogniser> {
    this.recogniser ??= this.parts.loadRecogniser().then(
      (recogniser) => {
        this.resident = this.register(recogniser);
        return recogniser;
      },
      (error: unknown) => {
        // The next recording tries again.
        this.recogniser = undefined;
        throw error;
      },
    );
    // The recording that awaits the recogniser gets the error.
    this.recogniser.catch(() => undefined);
    return this.recogniser;
  }

  private register(recogniser: Recogniser): ResidentHandle {
    return this.parts.client.reserveMemory({
      id: 'whisper',
      name: 'speech recogniser',
      sizeBytes: this.parts.sizeBytes,
      inUse: this.isAtWork,
      evict: async () => {
        this.recogniser = undefined;
        this.resident = undefined;
        await recogniser.release();
      },
    });
  }
}
