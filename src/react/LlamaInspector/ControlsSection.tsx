import { useState } from 'react';

import { useLlamaClient } from '../client';
import type { Failure } from '../useLlama';
import { useStore } from '../useStore';
import { usePalette } from './palette';
import { Action, Line, Row, Section } from './parts';

/** Buttons for what the system does to an app. */
export function ControlsSection({ onReload }: { onReload?: (() => void) | undefined }) {
  const client = useLlamaClient();
  const suspended = useStore(client.suspended);
  const { bad, warning } = usePalette();
  const [failure, setFailure] = useState<Failure>();
  const run = (work: Promise<void>) => {
    setFailure(undefined);
    work.catch((error: unknown) => setFailure(error as Failure));
  };
  return (
    <Section title="Lifecycle">
      <Row>
        <Action label="Trim" onPress={() => run(client.trim('moderate'))} />
        <Action label="Trim hard" onPress={() => run(client.trim('critical'))} />
        {suspended ? (
          <Action label="Resume" onPress={() => run(client.resume())} />
        ) : (
          <Action label="Suspend" onPress={() => run(client.suspend())} />
        )}
        {onReload !== undefined && <Action label="Reload JS" onPress={onReload} />}
      </Row>
      {suspended && <Line tone={warning}>Suspended: nothing computes until Resume.</Line>}
      {failure !== undefined && <Line tone={bad}>{failure.detail}</Line>}
    </Section>
  );
}
