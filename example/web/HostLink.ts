import { PATHS, SUBPROTOCOL } from '../host/wire';

/** Connects the page to its host. The token follows the `#` in the address. */
export class HostLink {
  constructor(
    private readonly location: Pick<Location, 'host' | 'hash'>,
    private readonly token = location.hash.slice(1),
  ) {}

  /** Opens a socket to one of the host's paths. */
  connect(path: string): WebSocket {
    return new WebSocket(`ws://${this.location.host}${path}`, [SUBPROTOCOL, `token.${this.token}`]);
  }

  /** Speaks a text into a WAV file. Rejects if the host cannot speak it or `signal` is aborted. */
  async speak(text: string, signal: AbortSignal): Promise<Blob> {
    const headers = { authorization: `Bearer ${this.token}` };
    const response = await fetch(PATHS.speak, { method: 'POST', headers, body: text, signal });
    if (!response.ok) throw new Error(`the host answered ${response.status}`);
    return response.blob();
  }
}
