import type { Message } from '../../protocol/generated';
import { isCode, type LlamaError } from '../LlamaError';
import type { Requests } from '../port/Requests';
import type { Scopes } from './Scopes';

/** Reads each transcript once for all callers; events keep it up to date afterwards. */
export class Transcripts {
  private readonly reading = new Map<string, Promise<void>>();

  constructor(
    private readonly scopes: Scopes,
    private readonly requests: Requests,
  ) {}

  /** Resolves to the messages of a scope, or to none if it does not exist. */
  async get(scope: string): Promise<readonly Message[]> {
    const known = () => this.scopes.store(scope).getSnapshot().transcript;
    if (known().status !== 'ready') await this.read(scope);
    return known().messages;
  }

  /** Reads transcripts again that are out of date. The scope's store shows a failure. */
  reread(outdated: readonly string[]): void {
    for (const scope of outdated) {
      // The answer to a running read may be older than the change that was missed.
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
