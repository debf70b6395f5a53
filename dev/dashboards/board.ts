/** Units of Grafana that our figures have. */
export const units = {
  count: 'short',
  seconds: 's',
  perSecond: 'ops',
  share: 'percentunit',
  bytes: 'bytes',
  days: 'd',
  /** 0 or 1. */
  yesOrNo: 'bool_yes_no',
} as const;

/** One query of a panel. `$__rate_interval` stands for a range that has some samples. */
export interface Query {
  readonly expr: string;
  /** Name of a series, with labels as `{{label}}`. Left out: Grafana shows all labels. */
  readonly legend?: string;
}

export interface Panel {
  readonly title: string;
  /** What it shows, and when it is bad. One sentence or more. */
  readonly description: string;
  readonly unit: keyof typeof units;
  /** `number`: the newest value, large. `lines`: over time. `table`: the newest values, by label. */
  readonly kind: 'number' | 'lines' | 'table';
  readonly queries: readonly Query[];
  /** Of a number: from here on it is red. */
  readonly redFrom?: number;
  /** Section of the runbook, as its link in the page. Left out: those of the alerts that read the same series. */
  readonly runbook?: string;
}

export interface Board {
  /** Ends the uid and the name of the file. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly { readonly title: string; readonly panels: readonly Panel[] }[];
}

/** `p50` and `p95` of a histogram by a label; `selector` without its brackets. */
export function quantiles(histogram: string, by: string, selector = '', quantile = '0.95'): Query {
  const series = `${histogram}_bucket${selector === '' ? '' : `{${selector}}`}`;
  const labels = by.split(',').map((label) => `{{${label.trim()}}}`);
  return {
    expr: `histogram_quantile(${quantile}, sum by (le, ${by}) (rate(${series}[$__rate_interval])))`,
    legend: `${labels.join(' ')} p${Number(quantile) * 100}`,
  };
}
