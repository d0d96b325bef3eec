import type { Message } from '../../protocol/generated';
import { isCode, type LlamaError } from '../LlamaError';
import type { Requests } from '../port/Requests';
import type { Scopes } from './Scopes';

/** Reads transcripts: each once for all who ask; events keep it up to date. */
export class Transcripts {
  private readonly reading = new Map<string, Promise<void>>();

  constructor(
    private readonly scopes: Scopes,
    private readonly requests: Requests,
  ) {}

  /** The messages of a scope; none when there is no such scope. */
  async get(scope: string): Promise<readonly Message[]> {
    const known = () => this.scopes.store(scope).getSnapshot().transcript;
    if (known().status !== 'ready') await this.read(scope);
    return known().messages;
  }

  /** Reads anew what is out of date. A failure is in the scope's store. */
  reread(outdated: readonly string[]): void {
    for (const scope of outdated) {
      // A reading that is under way may have been answered before what was missed.
      this.reading.delete(scope);
      this.read(scope).catch(() => undefined);
    }
  }

  private read(scope: string): Promise<void> {
    const reading = this.reading.get(scope) ?? this.ask(scope);
    this.reading.set(scope, reading);
    return reading;
  }

  private async ask(scope: string): Promise<void> {
    this.scopes.setLoading(scope);
    try {
      await this.requests.ask({ type: 'getTranscript', scope });
    } catch (error) {
      if (!isCode(error, 'scopeNotFound')) {
        this.scopes.setFailed(scope, error as LlamaError);
        throw error;
      }
      this.scopes.setEmpty(scope);
    } finally {
      this.reading.delete(scope);
    }
  }
}
