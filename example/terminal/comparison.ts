import type { Page } from './Page';
import type { Recorded } from './record';
import type { Side } from './sides';
import { table } from './table';

interface Told {
  readonly side: Pick<Side, 'name' | 'loads'>;
  readonly recorded: readonly Recorded[];
}

/** A question, by its index among the recordings, and the name in its answer. */
export interface Question {
  readonly at: number;
  readonly name: string;
}

/** The results of both sides as lines. */
export function comparison(told: readonly Told[], questions: readonly Question[], page: Page): string[] {
  const row = (label: string, value: (one: Told) => number | string) => [
    label,
    ...told.map((one) => String(value(one))),
  ];
  const rows = [
    row('', ({ side }) => side.name),
    row('recordings', ({ recorded }) => recorded.length),
    row('model loads', ({ side }) => side.loads()),
    row('ready in first render', ({ recorded }) => recorded.filter(({ readyAtFirst }) => readyAtFirst).length),
    row('tokens prefilled', ({ recorded }) => sum(recorded.map(({ usage }) => usage.prefilledTokens))),
    row('tokens reused', ({ recorded }) => sum(recorded.map(({ usage }) => usage.cachedTokens))),
    row(
      'time to first token',
      ({ recorded }) => `${median(recorded.map(({ firstTextMs }) => firstTextMs)).toFixed(0)} ms`,
    ),
    row('names remembered', ({ recorded }) => {
      const right = questions.filter(({ at, name }) => recorded[at]?.text.includes(name) === true);
      return `${right.length} of ${questions.length}`;
    }),
  ];
  const [head = '', ...body] = table(rows, 'right');
  const rule = '─'.repeat(Math.max(head.length, ...body.map((line) => line.length)));
  return [page.paint('bold', head), page.paint('dim', rule), ...body];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = (sorted.length - 1) / 2;
  return sum([sorted[Math.floor(middle)] ?? 0, sorted[Math.ceil(middle)] ?? 0]) / 2;
}
