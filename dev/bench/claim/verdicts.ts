import Table from 'cli-table3';

/** A measured figure and what it may be at most, or must be at least. */
export interface Verdict {
  readonly what: string;
  readonly value: number;
  readonly unit: 'ms' | 'rows/s' | '×' | 'MB';
  readonly bound: { readonly atMost: number } | { readonly atLeast: number } | 'none';
}

export function isMissed({ value, bound }: Verdict): boolean {
  if (bound === 'none') return false;
  return 'atMost' in bound ? !(value <= bound.atMost) : !(value >= bound.atLeast);
}

const shown = (value: number, unit: Verdict['unit']): string => `${value.toFixed(unit === '×' ? 2 : 1)} ${unit}`;

export function verdictTable(verdicts: readonly Verdict[]): string {
  const table = new Table({ head: ['', 'measured', 'budget', ''], style: { head: [], border: [] } });
  for (const verdict of verdicts) {
    const { what, value, unit, bound } = verdict;
    const budget =
      bound === 'none' ? '–' : 'atMost' in bound ? `≤ ${shown(bound.atMost, unit)}` : `≥ ${shown(bound.atLeast, unit)}`;
    table.push([what, shown(value, unit), budget, bound === 'none' ? '' : isMissed(verdict) ? 'MISSED' : 'held']);
  }
  return table.toString();
}
