import { type ReactElement, type ReactNode, useEffect } from 'react';
import { createRoot } from 'test-renderer';

import type { Answer, Watcher } from './screen';

/** The result of one recording. */
export interface Recorded extends Answer {
  /** Whether the model was ready in the screen's first render. */
  readonly readyAtFirst: boolean;
  /** Milliseconds from the end of the recording to the first text on the screen: loading, prefill and rendering. */
  readonly firstTextMs: number;
}

/**
 * Mounts a screen for one recording, and unmounts it after its answer. Calls `onText` with each new piece of the
 * answer. Resolves when the screen's effects are cleaned up. Rejects with the screen's failure.
 */
export async function record(
  screen: (watcher: Watcher) => ReactElement,
  onText: (piece: string) => void,
): Promise<Recorded> {
  const root = createRoot();
  const mountedAt = performance.now();
  let firstTextAt: number | undefined;
  let readyAtFirst = false;
  let known = '';
  const shown = (text: string) => {
    if (text === known) return;
    firstTextAt ??= performance.now();
    onText(text.slice(known.length));
    known = text;
  };

  let leave: () => void = () => undefined;
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  try {
    const answer = await new Promise<Answer>((answered, failed) => {
      const firstRender = (ready: boolean) => {
        readyAtFirst = ready;
      };
      root.render(<Presence onGone={leave}>{screen({ firstRender, shown, answered, failed })}</Presence>);
    });
    // The last piece and the end may come together, before the screen renders them.
    shown(answer.text);
    return { ...answer, readyAtFirst, firstTextMs: (firstTextAt ?? performance.now()) - mountedAt };
  } finally {
    root.unmount();
    await left;
  }
}

/** Calls back when React has unmounted its children. */
function Presence({ onGone, children }: { onGone: () => void; children: ReactNode }): ReactNode {
  useEffect(() => onGone, [onGone]);
  return children;
}
