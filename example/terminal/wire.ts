import type { Persist, ScopeSummary, Usage } from 'react-native-llama-rs';

// The messages between the demo and the process of its app: one order at a time, each answered by one report.

/** An order to the app. */
export type Order =
  | {
      readonly type: 'say';
      readonly scope: string;
      readonly text: string;
      readonly persist: Persist;
      readonly endless: boolean;
    }
  | { readonly type: 'scopes' }
  | { readonly type: 'suspend' }
  | { readonly type: 'resume' }
  | { readonly type: 'close' };

/** A report of the app: `opened` once, by itself; pieces before their answer. */
export type Report =
  | { readonly type: 'opened'; readonly scopes: readonly ScopeSummary[] }
  | { readonly type: 'piece'; readonly text: string }
  | { readonly type: 'answered'; readonly text: string; readonly usage: Usage }
  | { readonly type: 'scopes'; readonly scopes: readonly ScopeSummary[] }
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly code: string; readonly detail: string };
