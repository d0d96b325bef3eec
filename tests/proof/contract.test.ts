// The contract of the port on the real engine: it refuses the commands that it must refuse, and accepts the others.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Batch, Envelope, NumberedEvent } from '../../src';
import { openNodePort, stayAlive } from '../../src/testing';

interface Refused {
  name: string;
  text: string;
  requestId: string;
  code: string;
  detail: string;
}

function contract(name: string): unknown {
  return JSON.parse(readFileSync(join(process.cwd(), 'fixtures/contract', name), 'utf8'));
}

const refused = contract('refused.json') as Refused[];
const commands = contract('commands.json') as { name: string; command: Envelope }[];

const port = openNodePort({ manager: 'own' });
let onAnswer: (event: NumberedEvent) => void = () => undefined;
port.onEvents((json) => {
  const { events } = JSON.parse(json) as Batch;
  for (const event of events) if ('requestId' in event) onAnswer(event);
});
const busy = stayAlive();
beforeAll(() => busy(true));
afterAll(() => {
  port.close();
  busy(false);
});

/** Sends a command and resolves to the answer with this `requestId`. */
function answerTo(text: string, requestId: string): Promise<NumberedEvent> {
  return new Promise((resolve) => {
    onAnswer = (event) => {
      if ('requestId' in event && event.requestId === requestId) resolve(event);
    };
    port.send(text);
  });
}

test.each(refused)('the engine refuses: $name', async ({ text, requestId, code, detail }) => {
  const answer = await answerTo(text, requestId);
  expect(answer).toMatchObject({ type: 'failed', error: { code } });
  expect(answer.type === 'failed' && answer.error.detail).toContain(detail);
});

test.each(commands)('the engine takes: $name', async ({ command }) => {
  const answer = await answerTo(JSON.stringify(command), command.requestId);
  // The model is not on this disk, and this manager has no directory. Such a refusal differs from an unreadable
  // command.
  if (answer.type === 'failed')
    expect(answer.error.code).toMatch(
      /^(modelNotFound|modelNotKnown|modelUnloaded|scopeNotFound|generationNotFound|storageUnavailable)$/,
    );
});
