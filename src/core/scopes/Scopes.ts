import type { ErrorInfo, Message, ScopeSummary } from '../../protocol/generated';
import type { Generation } from '../generations/Generation';
import type { LlamaError } from '../LlamaError';
import { put } from '../state/put';
import { reuse } from '../state/reuse';
import { type Changes, type ReadableStore, Store } from '../state/Store';

/** A transcript, as far as this client has read it. `messages` stays while the transcript is read again. */
export interface Transcript {
  /** `absent`: the engine has a transcript, and this client has not asked for it yet. */
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
  /** The messages, once `LlamaClient.transcript` has read them. */
  readonly transcript: Transcript;
  /** The queued and running generations, in the order in which they are answered. */
  readonly generations: readonly Generation[];
  /** Why the last turn failed; `undefined` again when the next turn starts. */
  readonly failure: ErrorInfo | undefined;
}

const NONE: readonly never[] = Object.freeze([]);
/** A conversation that the engine does not know has no messages yet: there is nothing to read. */
const EMPTY: Transcript = Object.freeze({ status: 'ready', revision: 0, messages: NONE });
const ABSENT: Transcript = Object.freeze({ status: 'absent', revision: 0, messages: NONE });

/** Holds one store per scope, and one store of all summaries. */
export class Scopes {
  /** The summaries of all scopes that the engine knows. */
  readonly list: Store<readonly ScopeSummary[]>;
  private readonly byId = new Map<string, Store<ScopeState>>();

  constructor(
    private readonly changes: Changes,
    private readonly onDeleted: (id: string) => void,
  ) {
    this.list = new Store<readonly ScopeSummary[]>(changes, Object.freeze([]));
  }

  /** Returns the same store for the same id, even before the engine knows the scope. */
  store(id: string): ReadableStore<ScopeState> {
    return this.entry(id);
  }

  /** Replaces the summary of one scope. Returns whether the known transcript fits the summary. */
  put(summary: ScopeSummary): boolean {
    const isNew = !this.byId.has(summary.id);
    // This comes before the list: a scope that is not listed yet gets an empty transcript, and one that this client
    // sees being made has no messages.
    this.change(summary.id, { summary: reuse(this.entry(summary.id).getSnapshot().summary, summary) });
    const known = this.list.getSnapshot();
    this.list.set(reuse(known, put(known, summary, ({ id }) => id)));
    const { status, revision } = this.entry(summary.id).getSnapshot().transcript;
    if (status !== 'ready' || revision >= summary.revision) return true;
    // A fork starts with messages, which this client has not asked for yet.
    if (isNew) this.change(summary.id, { transcript: ABSENT });
    return isNew;
  }

  /** Replaces all summaries with a snapshot's list. Returns the scopes whose transcript is out of date. */
  replace(summaries: readonly ScopeSummary[]): string[] {
    this.list.set(reuse(this.list.getSnapshot(), [...summaries]));
    const outdated: string[] = [];
    for (const [id, store] of this.byId) {
      const { summary: known, transcript } = store.getSnapshot();
      const summary = this.summaryOf(id);
      if (summary === undefined) {
        if (known !== undefined) this.delete(id);
        continue;
      }
      this.change(id, { summary });
      // Another engine counts from 1 again: its answer must not look older than the transcript of the engine before.
      if (summary.revision < transcript.revision) {
        this.change(id, { transcript: Object.freeze({ ...transcript, revision: 0 }) });
      }
      if (transcript.status !== 'absent' && transcript.revision !== summary.revision) outdated.push(id);
    }
    return outdated;
  }

  /** Empties the store of a scope that was deleted. */
  delete(id: string): void {
    this.change(id, { summary: undefined, transcript: EMPTY });
    this.list.set(Object.freeze(this.list.getSnapshot().filter((summary) => summary.id !== id)));
    this.onDeleted(id);
  }

  /** Replaces the queued and running generations, and the failure of the last one. */
  setGenerations(id: string, generations: readonly Generation[], failure: ErrorInfo | undefined): void {
    this.change(id, { generations: Object.freeze(generations), failure });
  }

  /** Marks the transcript as being read. The known messages stay meanwhile. */
  setLoading(id: string): void {
    const { revision, messages } = this.entry(id).getSnapshot().transcript;
    this.setTranscript(id, { status: 'loading', revision, messages });
  }

  /** Marks the transcript as unreadable. The known messages stay. */
  setFailed(id: string, error: LlamaError): void {
    const { revision, messages } = this.entry(id).getSnapshot().transcript;
    this.change(id, { transcript: Object.freeze({ status: 'failed', revision, messages, error }) });
  }

  /** Takes the answer to `getTranscript`. */
  setMessages(id: string, revision: number, messages: readonly Message[]): void {
    if (revision < this.entry(id).getSnapshot().transcript.revision) return;
    this.setTranscript(id, { status: 'ready', revision, messages });
  }

  /** Empties the transcript of a scope that does not exist. */
  setEmpty(id: string): void {
    this.change(id, { transcript: EMPTY });
  }

  /** Replaces the messages from index `from` on. Returns whether that fits the known transcript. */
  splice(id: string, revision: number, from: number, messages: readonly Message[]): boolean {
    const { transcript } = this.entry(id).getSnapshot();
    // Either no component shows the transcript, or the answer to `getTranscript` will contain the change.
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
      const state = Object.freeze({ id, summary, transcript, generations: NONE, failure: undefined });
      store = new Store<ScopeState>(this.changes, state);
      this.byId.set(id, store);
    }
    return store;
  }
}
