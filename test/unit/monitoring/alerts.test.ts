import { readFileSync } from 'node:fs';
import { latencyBudgetMs, priorityNames } from '../../../contracts/priority';
import { alertRules, allRules } from '../../../dev/docs/alarms';
import { allMetrics } from '../../../dev/docs/metrics';
import { hotRows, hotShare } from '../../../outbox/thresholds';
import { headingsOf } from '../../support/headings';
import { groupedIn, labelsOf, labelsThatAreNotThere, seriesIn } from '../../support/promql';

const metrics = allMetrics();
const rules = allRules();
const alerts = alertRules();

it.each(rules.map((rule) => ['alert' in rule ? rule.alert : rule.record, rule.expr] as const))(
  '%s reads series that the product has, by labels that they have',
  (_, expr) => {
    const read = seriesIn(expr);
    expect(read).not.toEqual([]);
    const unknown = read.filter(({ name }) => labelsOf(name) === undefined).map(({ name }) => name);
    expect(unknown).toEqual([]);
    expect(labelsThatAreNotThere(expr)).toEqual([]);
  },
);

const anchors = headingsOf('docs/runbook.md');

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
    const kept = groupedIn(expr).flatMap((group) => group.labels);
    const carried = seriesIn(expr).flatMap(({ name }) => (groupedIn(expr).length === 0 ? (labelsOf(name) ?? []) : []));
    const recorded = seriesIn(expr).flatMap(({ name }) => (name.includes(':') ? (labelsOf(name) ?? []) : []));
    expect(named.filter((label) => label !== undefined && ![...kept, ...carried, ...recorded].includes(label))).toEqual(
      [],
    );
  },
);

it('an aggregate is hot for the alarm when it is for the status', () => {
  const { expr } = alerts.find(({ alert }) => alert === 'NovaAggregateHot') ?? { expr: '' };
  expect([...expr.matchAll(/> ([\d.]+)/g)].map(([, figure]) => Number(figure))).toEqual([hotRows, hotShare]);
});

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
