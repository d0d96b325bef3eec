import type { Speaker } from '../app/speech/Speaker';
import type { HostLink } from './HostLink';

/** Speaks with the host's voice through the browser. */
export class HostSpeaker implements Speaker {
  private current: AbortController | undefined;

  constructor(private readonly link: HostLink) {}

  async say(text: string): Promise<void> {
    const current = new AbortController();
    this.current = current;
    try {
      await play(await this.link.speak(text, current.signal), current.signal);
    } catch {
      // The user can still read an answer that cannot be spoken.
    }
  }

  stop(): void {
    this.current?.abort();
  }
}

/** Plays a sound. Resolves at its end, or when `signal` is aborted. */
async function play(sound: Blob, signal: AbortSignal): Promise<void> {
  const address = URL.createObjectURL(sound);
  const audio = new Audio(address);
  const ended = new Promise<void>((resolve) => {
    audio.onended = () => resolve();
    audio.onerror = () => resolve();
    signal.addEventListener('abort', () => resolve());
  });
  try {
    await audio.play();
    await ended;
  } finally {
    audio.pause();
    URL.revokeObjectURL(address);
  }
}
