import type { GenerationResult, LlamaClient, ModelInfo, ModelState, ScopeSummary } from 'react-native-llama-rs';

import { compact } from './Page';
import { table } from './table';

/** A local time that reads and sorts alike everywhere: 2026-11-21 14:05:09. */
const TIME = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium' });

/** A table of all conversations. The current one has a star. */
export function conversations(scopes: readonly ScopeSummary[], current: string): readonly string[] {
  if (scopes.length === 0) return ['no conversations yet'];
  const rows = scopes.map(({ id, messageCount, cachedTokens, residency, savedAt }) => [
    id === current ? `${id} *` : id,
    String(messageCount),
    String(cachedTokens),
    residency,
    savedAt === undefined ? 'not' : TIME.format(savedAt),
  ]);
  return table([['conversation', 'messages', 'tokens', 'is', 'saved'], ...rows], 'left');
}

/** The residency of one conversation, as a line. */
export function place(client: LlamaClient, scope: string): readonly string[] {
  const { summary } = client.scope(scope).getSnapshot();
  if (summary === undefined) return [];
  const { messageCount, cachedTokens, residency, savedAt } = summary;
  const saved = savedAt === undefined ? '' : `, saved ${TIME.format(savedAt)}`;
  return [`${scope}: ${messageCount} messages, ${cachedTokens} tokens ${residency}${saved}`];
}

/** The model, and the cost of the last answer. */
export function stats(model: ModelState | undefined, last: GenerationResult | undefined): readonly string[] {
  const status = model?.status;
  const info = status?.type === 'ready' || status?.type === 'idle' ? about(status.info) : [];
  return table([...info, ['loads', String(model?.loads ?? 0)], ...(last === undefined ? [] : cost(last))], 'left');
}

function about({ description, parameterCount, contextSize, maxResident, threads }: ModelInfo): string[][] {
  return [
    ['model', `${description}, ${compact.format(parameterCount)} parameters`],
    ['context', `${contextSize} tokens per scope, ${maxResident} scopes resident at once`],
    ['threads', String(threads)],
  ];
}

function cost({ usage, timings }: GenerationResult): string[][] {
  const perSecond = timings.decodeMs > 0 ? Math.round((1000 * usage.outputTokens) / timings.decodeMs) : 0;
  return [
    ['last prompt', `${usage.prefilledTokens} tokens prefilled, ${usage.cachedTokens} reused`],
    [
      'last answer',
      `${usage.outputTokens} tokens, the first after ${Math.round(timings.firstTokenMs)} ms, then ${perSecond} a second`,
    ],
  ];
}
