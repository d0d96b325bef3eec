import { put } from '../core/state/put';
import type { Event, GenerationState, Snapshot } from '../protocol/generated';

/**
 * Returns the snapshot after an event, as the engine's own bookkeeping has it. Throws for an event that no engine
 * sends.
 */
export function foldEvent(snapshot: Snapshot, event: Event): Snapshot {
  switch (event.type) {
    case 'modelChanged':
      return { ...snapshot, models: put(snapshot.models, event.model, ({ path }) => path) };
    case 'scopeChanged':
      return { ...snapshot, scopes: put(snapshot.scopes, event.scope, ({ id }) => id) };
    case 'scopeDeleted':
      return { ...snapshot, scopes: snapshot.scopes.filter(({ id }) => id !== event.scope) };
    case 'generationQueued':
      return { ...snapshot, generations: put(snapshot.generations, event.generation, ({ id }) => id) };
    case 'phaseChanged':
      return changeGeneration(snapshot, event.generationId, (state) => ({ ...state, phase: event.phase }));
    case 'textDelta':
      return changeGeneration(snapshot, event.generationId, (state) => {
        if (event.offset !== state.text.length) {
          const known = `${state.id} has ${state.text.length} characters`;
          throw new Error(`the script adds text at ${event.offset}, but ${known}`);
        }
        return { ...state, text: state.text + event.text };
      });
    case 'reasoningDelta':
      return changeGeneration(snapshot, event.generationId, (state) => {
        if (event.offset !== state.reasoning.length) {
          const known = `${state.id} has ${state.reasoning.length} characters`;
          throw new Error(`the script adds reasoning at ${event.offset}, but ${known}`);
        }
        return { ...state, reasoning: state.reasoning + event.text };
      });
    case 'toolCallDelta':
      return changeGeneration(snapshot, event.generationId, (state) => {
        const { index, id, name, offset } = event;
        const known = state.toolCalls[index]?.arguments ?? '';
        if (index > state.toolCalls.length || offset !== known.length) {
          const calls = `${state.id} has ${state.toolCalls.length} calls`;
          throw new Error(`the script adds to call ${index} at ${offset}, but ${calls}`);
        }
        const toolCalls = [...state.toolCalls];
        toolCalls[index] = { id, name, arguments: known + event.arguments };
        return { ...state, toolCalls };
      });
    case 'logprobsDelta':
      return changeGeneration(snapshot, event.generationId, (state) => {
        const { logprobs = [] } = state;
        if (event.offset !== logprobs.length) {
          const known = `${state.id} has ${logprobs.length} tokens`;
          throw new Error(`the script adds token ${event.offset}, but ${known}`);
        }
        return { ...state, logprobs: [...logprobs, ...event.logprobs] };
      });
    case 'toolCallDropped':
      return changeGeneration(snapshot, event.generationId, (state) => {
        const { index } = event;
        if (index >= state.toolCalls.length) {
          throw new Error(`the script drops call ${index}, but ${state.id} has ${state.toolCalls.length} calls`);
        }
        return { ...state, toolCalls: state.toolCalls.filter((_, other) => other !== index) };
      });
    case 'suspensionChanged':
      return { ...snapshot, suspended: event.suspended };
    case 'downloadChanged':
      return { ...snapshot, downloads: put(snapshot.downloads, event.download, ({ name }) => name) };
    case 'downloadRemoved':
      return { ...snapshot, downloads: snapshot.downloads.filter(({ name }) => name !== event.name) };
    case 'residentChanged':
      return { ...snapshot, residents: put(snapshot.residents, event.resident, ({ id }) => id) };
    case 'residentRemoved':
      return { ...snapshot, residents: snapshot.residents.filter(({ id }) => id !== event.id) };
    case 'done':
    case 'failed':
    case 'transcript':
    case 'replay':
    case 'log':
    case 'memoryFit':
    case 'prefilled':
    case 'tokens':
    case 'text':
    case 'renderedPrompt':
    case 'embeddings':
    case 'benched':
    case 'benchProgress':
    case 'hubRepository':
    case 'storedModels':
    case 'evictResident':
    case 'transcriptChanged':
    case 'recorded':
      return snapshot;
  }
}

function changeGeneration(
  snapshot: Snapshot,
  id: string,
  change: (state: GenerationState) => GenerationState,
): Snapshot {
  const state = snapshot.generations.find((generation) => generation.id === id);
  if (state === undefined) throw new Error(`the script speaks of ${id} before it was queued`);
  if (state.phase.type === 'finished') throw new Error(`the script goes on with ${id}, which has finished`);
  return { ...snapshot, generations: put(snapshot.generations, change(state), (one) => one.id) };
}
