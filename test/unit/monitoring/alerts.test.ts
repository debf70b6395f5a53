import { readFileSync } from 'node:fs';
import { latencyBudgetMs, priorityNames } from '../../../contracts/priority';
import { alertRules, allRules } from '../../../dev/docs/alarms';
import { allMetrics, labelNamesOf } from '../../../dev/docs/metrics';

const metrics = allMetrics();
const rules = allRules();
const alerts = alertRules();

/** Figures of Prometheus itself, and what our own rules record, with their labels. */
const others: Readonly<Record<string, readonly string[]>> = {
  up: ['job', 'instance'],
  ...Object.fromEntries(rules.flatMap((rule) => ('record' in rule ? [[rule.record, ['priority']]] : []))),
};

/** The labels that a series of this name has; undefined: the product shows no such series. */
function labelsOf(series: string): readonly string[] | undefined {
  if (series in others) return others[series];
  const [name, suffix] = [series.replace(/_(bucket|count|sum)$/, ''), /_(bucket|count|sum)$/.exec(series)?.[1]];
  // A histogram has no series of its own name, and nothing else has these endings.
  const isHistogram = (metrics.getSingleMetric(name) as { buckets?: unknown } | undefined)?.buckets !== undefined;
  if (isHistogram !== (suffix !== undefined)) return isHistogram ? undefined : labelNamesOf(metrics, series);
  return suffix === 'bucket' ? [...(labelNamesOf(metrics, name) ?? []), 'le'] : labelNamesOf(metrics, name);
}

const withoutTexts = (expr: string) => expr.replace(/"[^"]*"/g, '""');
const series = (expr: string) =>
  [...withoutTexts(expr).matchAll(/(?<![\w:])(nova[\w:]+|up)(?![\w:]|\s*\()(?:\{([^}]*)\})?/g)].map(
    ([, name = '', selector = '']) => ({
      name,
      selected: [...selector.matchAll(/(\w+)\s*(?:=|!)/g)].map(([, label = '']) => label),
    }),
  );

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
const grouped = (expr: string) =>
  [...expr.matchAll(/\bby \(([^)]*)\)\s*(?=\()/g)].map((found) => ({
    labels: (found[1] ?? '').split(',').map((label) => label.trim()),
    of: series(inBrackets(expr, found.index + found[0].length)).map(({ name }) => name),
  }));

it.each(rules.map((rule) => ['alert' in rule ? rule.alert : rule.record, rule.expr] as const))(
  '%s reads series that the product has, by labels that they have',
  (_, expr) => {
    const read = series(expr);
    expect(read).not.toEqual([]);
    const unknown = read.filter(({ name }) => labelsOf(name) === undefined).map(({ name }) => name);
    expect(unknown).toEqual([]);
    const wrong = [
      ...read.flatMap(({ name, selected }) => selected.map((label) => [name, label] as const)),
      ...grouped(expr).flatMap(({ labels, of }) => of.flatMap((name) => labels.map((label) => [name, label] as const))),
    ].filter(([name, label]) => labelsOf(name)?.includes(label) !== true);
    expect(wrong).toEqual([]);
  },
);

/** As GitHub makes them of headings. */
const anchors = [...readFileSync('docs/runbook.md', 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-'),
);

it.each(alerts.map((alert) => [alert.alert, alert] as const))(
  '%s says how bad it is, what it means, and leads to a section of the runbook',
  (_, { labels, annotations, expr }) => {
    expect(['critical', 'warning']).toContain(labels.severity);
    // It stands in the runbook, where no series is known.
    expect(annotations.summary).toMatch(/^[A-Z][^{}]*\.$/);
    expect(annotations.description).toMatch(/\.$/);
    const [page, anchor] = annotations.runbook_url.split('#');
    expect(page).toBe('docs/runbook.md');
    expect(anchors).toContain(anchor);
    // A label that the expression does not keep would be empty in the text.
    const named = [...annotations.description.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label);
    const kept = grouped(expr).flatMap((group) => group.labels);
    const carried = series(expr).flatMap(({ name }) => (grouped(expr).length === 0 ? (labelsOf(name) ?? []) : []));
    const recorded = series(expr).flatMap(({ name }) => (name.includes(':') ? (labelsOf(name) ?? []) : []));
    expect(named.filter((label) => label !== undefined && ![...kept, ...carried, ...recorded].includes(label))).toEqual(
      [],
    );
  },
);

it('no two alerts have one name, and there are some of each file', () => {
  const names = alerts.map(({ alert }) => alert);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(
    expect.arrayContaining(['NovaRowsWait', 'NovaEventsNotOnKafka', 'NovaEffectsLateFast', 'NovaDependencyDown']),
  );
});

it('the names of ours on the page of metrics are those of series that there are', () => {
  const page = readFileSync('docs/metrics.md', 'utf8').split('## What is asked for by other names')[1] ?? '';
  const named = [...page.matchAll(/\bnova_\w+/g)].map(([name]) => name);
  expect(named.length).toBeGreaterThan(5);
  const isThere = (name: string) => labelsOf(name) !== undefined || labelsOf(`${name}_bucket`) !== undefined;
  expect(named.filter((name) => !isThere(name))).toEqual([]);
});

it('budgets are read at the limits of the priorities, each of which is the limit of a bucket', () => {
  const { buckets } = metrics.getSingleMetric('nova_commit_to_effect_seconds') as unknown as { buckets: number[] };
  const read = rules.flatMap(({ expr }) =>
    [...expr.matchAll(/priority="(\w+)",\s*le="([^"]+)"/g)].map(([, priority, le]) => `${priority} ${le}`),
  );
  const budgets = priorityNames.map((name) => `${name} ${latencyBudgetMs[name] / 1_000}`);
  expect([...new Set(read)].sort()).toEqual([...budgets].sort());
  expect(priorityNames.filter((name) => !buckets.includes(latencyBudgetMs[name] / 1_000))).toEqual([]);
});
