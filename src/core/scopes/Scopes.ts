import type { ErrorInfo, Message, ScopeSummary } from '../../protocol/generated';
import type { Generation } from '../generations/Generation';
import { reuse } from '../port/parse';
import { put } from '../state/put';
import type { LlamaError } from '../LlamaError';
import { type Changes, type ReadableStore, Store } from '../state/Store';

/** What this client has of a transcript. `messages` stays while it is read anew. */
export interface Transcript {
  /** `absent`: the engine has one, and nobody has asked for it yet. */
  readonly status: 'absent' | 'loading' | 'ready' | 'failed';
  /** Grows with every change. */
  readonly revision: number;
  /** Each message is the same object until it changes. */
  readonly messages: readonly Message[];
  /** Present if, and only if, `status` is `failed`. */
  readonly error?: LlamaError;
}

/** One conversation, as this client sees it. */
export interface ScopeState {
  /** The name that requests use. */
  readonly id: string;
  /** Absent until the engine knows the scope. */
  readonly summary: ScopeSummary | undefined;
  /** Its messages, once `LlamaClient.transcript` has asked for them. */
  readonly transcript: Transcript;
  /** Queued and running, in the order in which they are answered. */
  readonly generations: readonly Generation[];
  /** Why the last turn failed; gone when the next one begins. */
  readonly failure: ErrorInfo | undefined;
}

const NONE: readonly never[] = Object.freeze([]);
/** A conversation that the engine does not know has no message yet: there is nothing to load. */
const EMPTY: Transcript = Object.freeze({ status: 'ready', revision: 0, messages: NONE });
const ABSENT: Transcript = Object.freeze({ status: 'absent', revision: 0, messages: NONE });

/** One store per scope, and one of all summaries. */
export class Scopes {
  /** Every scope that the engine knows. */
  readonly list: Store<readonly ScopeSummary[]>;
  private readonly byId = new Map<string, Store<ScopeState>>();

  constructor(
    private readonly changes: Changes,
    private readonly onDisposed: (id: string) => void,
  ) {
    this.list = new Store<readonly ScopeSummary[]>(changes, Object.freeze([]));
  }

  /** Always the same store for one id, also before the engine knows the scope. */
  store(id: string): ReadableStore<ScopeState> {
    return this.entry(id);
  }

  /** Takes over the whole new summary of one scope. Returns whether what is known of its transcript fits that. */
  put(summary: ScopeSummary): boolean {
    const isNew = !this.byId.has(summary.id);
    // Before the list knows it: a scope that comes to be while we watch is known from its first message on.
    this.change(summary.id, { summary: reuse(this.entry(summary.id).getSnapshot().summary, summary) });
    const known = this.list.getSnapshot();
    this.list.set(reuse(known, put(known, summary, ({ id }) => id)));
    const { status, revision } = this.entry(summary.id).getSnapshot().transcript;
    if (status !== 'ready' || revision >= summary.revision) return true;
    // It came to be with messages, as a fork does, and nobody has asked for them yet.
    if (isNew) this.change(summary.id, { transcript: ABSENT });
    return isNew;
  }

  /** Takes over a snapshot's list. Returns the scopes whose transcript is out of date. */
  replace(summaries: readonly ScopeSummary[]): string[] {
    this.list.set(reuse(this.list.getSnapshot(), [...summaries]));
    const outdated: string[] = [];
    for (const [id, store] of this.byId) {
      const { summary: known, transcript } = store.getSnapshot();
      const summary = this.summaryOf(id);
      if (summary === undefined) {
        if (known !== undefined) this.dispose(id);
        continue;
      }
      this.change(id, { summary });
      // Another engine counts anew: what it answers must not look older than what the one before said.
      if (summary.revision < transcript.revision) this.change(id, { transcript: Object.freeze({ ...transcript, revision: 0 }) });
      if (transcript.status !== 'absent' && transcript.revision !== summary.revision) outdated.push(id);
    }
    return outdated;
  }

  /** The scope is gone; its store lives on, empty. */
  dispose(id: string): void {
    this.change(id, { summary: undefined, transcript: EMPTY });
    this.list.set(Object.freeze(this.list.getSnapshot().filter((summary) => summary.id !== id)));
    this.onDisposed(id);
  }

  /** Those that are queued or running, and why the last one that is not failed, if it did. */
  setGenerations(id: string, generations: readonly Generation[], failure: ErrorInfo | undefined): void {
    this.change(id, { generations: Object.freeze(generations), failure });
  }

  /** The transcript has been asked for. What is known of it stays meanwhile. */
  setLoading(id: string): void {
    const { revision, messages } = this.entry(id).getSnapshot().transcript;
    this.setTranscript(id, { status: 'loading', revision, messages });
  }

  /** The transcript could not be read. What is known of it stays. */
  setFailed(id: string, error: LlamaError): void {
    const { revision, messages } = this.entry(id).getSnapshot().transcript;
    this.change(id, { transcript: Object.freeze({ status: 'failed', revision, messages, error }) });
  }

  /** An answer to `getTranscript`. */
  setMessages(id: string, revision: number, messages: readonly Message[]): void {
    if (revision < this.entry(id).getSnapshot().transcript.revision) return;
    this.setTranscript(id, { status: 'ready', revision, messages });
  }

  /** There is no such scope, so it has no messages. */
  setEmpty(id: string): void {
    this.change(id, { transcript: EMPTY });
  }

  /** The messages from `from` on are now `messages`. Returns whether that fits what is known. */
  splice(id: string, revision: number, from: number, messages: readonly Message[]): boolean {
    const { transcript } = this.entry(id).getSnapshot();
    // Nobody reads it, or the answer under way has the change in it.
    if (transcript.status !== 'ready') return true;
    if (revision <= transcript.revision) return true;
    if (from > transcript.messages.length) return false;
    this.setMessages(id, revision, [...transcript.messages.slice(0, from), ...messages]);
    return true;
  }

  private setTranscript(id: string, transcript: Transcript): void {
    this.change(id, { transcript: reuse(this.entry(id).getSnapshot().transcript, transcript) });
  }

  private change(id: string, part: Partial<ScopeState>): void {
    const store = this.entry(id);
    store.set(Object.freeze({ ...store.getSnapshot(), ...part }));
  }

  private summaryOf(id: string): ScopeSummary | undefined {
    return this.list.getSnapshot().find((summary) => summary.id === id);
  }

  private entry(id: string): Store<ScopeState> {
    let store = this.byId.get(id);
    if (store === undefined) {
      const summary = this.summaryOf(id);
      const transcript = summary === undefined ? EMPTY : ABSENT;
      store = new Store<ScopeState>(this.changes, Object.freeze({ id, summary, transcript, generations: NONE, failure: undefined }));
      this.byId.set(id, store);
    }
    return store;
  }
}
