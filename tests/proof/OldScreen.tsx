import { act, render } from '@testing-library/react-native';

import { NativeLlama } from '../../fixtures/old-pattern/NativeLlama';
import { type OldRuntime, type OldRuntimeOptions, startOldRuntime } from '../../fixtures/old-pattern/runtime';
import { type OldChat, useLlamaVercelChat } from '../../fixtures/old-pattern/useLlamaVercelChat';
import type { GenerateOptions } from '../../src';
import { Seen } from './Seen';
import { tiny } from './tiny';

/** The model of the old pattern, whose context holds one conversation. */
const file = { ...tiny, maxResident: 1 };

export interface OldScreenProps {
  runtime: OldRuntime;
  seen: Seen<OldChat>;
  name?: string;
}

function OldScreen({ runtime, seen }: OldScreenProps) {
  seen.note(useLlamaVercelChat(runtime, file));
  return null;
}

export function oldScreens(...screens: OldScreenProps[]) {
  return (
    <>
      {screens.map((screen) => (
        <OldScreen key={screen.name ?? ''} {...screen} />
      ))}
    </>
  );
}

/** Starts work that changes state at once, without waiting for its end. A failure becomes the value of its promise. */
export async function begin(start: () => Promise<unknown>): Promise<{ end: Promise<unknown> }> {
  return act(() => ({ end: start().catch((error: unknown) => error) }));
}

const natives: NativeLlama[] = [];

/** Frees the contexts that the old pattern left behind. */
export async function freeOldContexts(): Promise<void> {
  for (const native of natives.splice(0)) {
    await native.settled();
    await Promise.all(native.alive.map((context) => context.release()));
  }
}

interface OldAppOptions extends OldRuntimeOptions {
  sampling?: GenerateOptions;
  /** The native side, which a JavaScript reload leaves as it is. */
  native?: NativeLlama;
}

/** Starts an app of the old pattern, without a screen. */
export function openOldApp(options: OldAppOptions = {}) {
  const { native = new NativeLlama(options.sampling) } = options;
  if (!natives.includes(native)) natives.push(native);
  const runtime = startOldRuntime(native, options);
  return {
    native,
    runtime,
    /** Waits until nothing is being loaded, answered or released. */
    settle: () => act(() => native.settled()),
    /** Mounts one screen. */
    open: async () => {
      const seen = new Seen<OldChat>();
      const ui = await render(oldScreens({ runtime, seen }));
      return { seen, ui };
    },
  };
}
