import { collectDefaultMetrics, type Registry } from 'prom-client';
import { allRules } from '../../dev/docs/alarms';
import { allMetrics, labelNamesOf } from '../../dev/docs/metrics';

/** Every metric that bridges and workers have, those of each Node.js process included. */
const metrics: Registry = allMetrics();
collectDefaultMetrics({ register: metrics });

/** Figures of Prometheus itself, and what our own rules record, with their labels. */
const others: Readonly<Record<string, readonly string[]>> = {
  up: [],
  ALERTS: ['alertname', 'alertstate', 'severity', 'outbox'],
  ...Object.fromEntries(allRules().flatMap((rule) => ('record' in rule ? [[rule.record, ['priority']]] : []))),
};
/** Prometheus gives them to what it scrapes. */
const ofScrape = ['job', 'instance'];

/** The labels that a series of this name has; undefined: the product shows no such series. */
export function labelsOf(series: string): readonly string[] | undefined {
  const labels = ownLabelsOf(series);
  return labels && [...labels, ...ofScrape];
}

function ownLabelsOf(series: string): readonly string[] | undefined {
  if (series in others) return others[series];
  const [name, suffix] = [series.replace(/_(bucket|count|sum)$/, ''), /_(bucket|count|sum)$/.exec(series)?.[1]];
  // A histogram has no series of its own name, and nothing else has these endings.
  const isHistogram = (metrics.getSingleMetric(name) as { buckets?: unknown } | undefined)?.buckets !== undefined;
  if (isHistogram !== (suffix !== undefined)) return isHistogram ? undefined : labelNamesOf(metrics, series);
  return suffix === 'bucket' ? [...(labelNamesOf(metrics, name) ?? []), 'le'] : labelNamesOf(metrics, name);
}

const withoutTexts = (expr: string) => expr.replace(/"[^"]*"/g, '""');
const names = /(?<![\w:$])((?:nova|process|nodejs|temporal)[\w:]+|up|ALERTS)(?![\w:]|\s*\()(?:\{([^}]*)\})?/g;

/** The series that an expression reads, and the labels by which it selects them. */
export const seriesIn = (expr: string) =>
  [...withoutTexts(expr).matchAll(names)].map(([, name = '', selector = '']) => ({
    name,
    selected: [...selector.matchAll(/(\w+)\s*(?:=|!)/g)].map(([, label = '']) => label),
  }));

/** What stands between this bracket and the one that closes it. */
function inBrackets(expr: string, from: number): string {
  let depth = 0;
  for (let i = from; i < expr.length; i++) {
    if (expr[i] === '(') depth++;
    if (expr[i] === ')' && --depth === 0) return expr.slice(from, i);
  }
  throw new Error(`a bracket is not closed in ${expr}`);
}

/** Labels that are kept of the series inside. */
export const groupedIn = (expr: string) =>
  [...expr.matchAll(/\bby \(([^)]*)\)\s*(?=\()/g)].map((found) => ({
    labels: (found[1] ?? '').split(',').map((label) => label.trim()),
    of: seriesIn(inBrackets(expr, found.index + found[0].length)).map(({ name }) => name),
  }));

/** Labels by which an expression selects or groups that its series do not have: `[series, label]`. */
export const labelsThatAreNotThere = (expr: string): (readonly [string, string])[] =>
  [
    ...seriesIn(expr).flatMap(({ name, selected }) => selected.map((label) => [name, label] as const)),
    ...groupedIn(expr).flatMap(({ labels, of }) => of.flatMap((name) => labels.map((label) => [name, label] as const))),
  ].filter(([name, label]) => labelsOf(name)?.includes(label) !== true);
