import { cells } from './text';

const GAP = '  ';

/** Rows as lines of text, each column as wide as its widest cell. `align` applies to all columns but the first. */
export function table(rows: readonly (readonly string[])[], align: 'left' | 'right'): string[] {
  const widths = columnWidths(rows);
  return rows.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column] ?? 0, column === 0 ? 'left' : align))
      .join(GAP)
      .trimEnd(),
  );
}

function columnWidths(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cells(cell));
    });
  }
  return widths;
}

function pad(cell: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(width - cells(cell));
  return align === 'left' ? cell + space : space + cell;
}
