import type { Generation, GenerationState, LlamaClient } from '../../src';
import { until } from './until';

/**
 * Stops the engine in the middle of the answer, in its first state for which `holds`, by the engine's own command. The
 * answer stays under way until `client.resume`. Throws if the answer ended first: then it is too short for its test.
 */
export async function holdAnswer(
  client: LlamaClient,
  answer: Generation,
  holds: (state: GenerationState) => boolean = ({ text }) => text !== '',
): Promise<void> {
  await until(answer, holds);
  await client.suspend({ deadlineMs: 0 });
  if (answer.finished) throw new Error('the answer ended before the engine stopped');
}

/** Stops the engine in the middle of the answer that is under way, or that begins next. */
export async function holdNextAnswer(
  client: LlamaClient,
  holds?: (state: GenerationState) => boolean,
): Promise<Generation> {
  const running = (all: readonly Generation[]) => all.find(({ finished }) => !finished);
  const answer = running(await until(client.generations, (all) => running(all) !== undefined));
  if (answer === undefined) throw new Error('no answer is under way');
  await holdAnswer(client, answer, holds);
  return answer;
}
