import { readFileSync, readdirSync } from 'node:fs';
import { load } from 'js-yaml';
import { type Query, units } from '../../../dev/dashboards/board';
import { boards } from '../../../dev/dashboards/boards';
import { alertRules } from '../../../dev/docs/alarms';
import { headingsOf } from '../../support/headings';
import { groupedIn, labelsOf, labelsThatAreNotThere, seriesIn } from '../../support/promql';

interface Link {
  readonly title: string;
  readonly url: string;
}
interface GrafanaPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: Readonly<Record<'h' | 'w' | 'x' | 'y', number>>;
  readonly links?: readonly Link[];
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } };
}
interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly GrafanaPanel[];
  readonly links: readonly Link[];
}

const folder = 'monitoring/dashboards';
const files = readdirSync(folder);
const dashboards = files.map((file) => JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as Dashboard);
const panels = boards.flatMap((board) =>
  board.rows.flatMap((row) => row.panels.map((panel) => ({ name: `${board.name}: ${panel.title}`, panel }))),
);
const queries = panels.flatMap(({ name, panel }) => panel.queries.map((query) => [name, query] as const));
/** Of the Temporal SDK and of Prometheus nothing lists the labels: the test on the running system reads them. */
const isOurs = ({ name }: { readonly name: string }) => !name.startsWith('temporal_');

it.each(queries)('%s reads series that there are, by labels that they have', (_, { expr }) => {
  const read = seriesIn(expr);
  expect(read).not.toEqual([]);
  expect(read.filter(isOurs).filter(({ name }) => labelsOf(name) === undefined)).toEqual([]);
  expect(labelsThatAreNotThere(expr).filter(([name]) => isOurs({ name }))).toEqual([]);
});

it.each(queries)('%s names its series by labels that are left', (_, { expr, legend = '' }: Query) => {
  const named = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
  const groups = groupedIn(expr);
  const left =
    groups.length > 0 ? groups.flatMap(({ labels }) => labels) : seriesIn(expr).flatMap((s) => labelsOf(s.name) ?? []);
  expect(named.filter((label) => !left.includes(label))).toEqual([]);
});

it('each panel says what it shows, in a unit of Grafana, and leads to a section of the runbook', () => {
  const anchors = headingsOf('docs/runbook.md');
  const shown = dashboards.flatMap((dashboard) => dashboard.panels).filter(({ type }) => type !== 'row');
  expect(shown).toHaveLength(panels.length);
  const known: readonly string[] = Object.values(units);
  for (const { title, description, fieldConfig, links } of shown) {
    expect(description).toMatch(/^\S.*[^ ]\.( .*\.)?$/s);
    expect({ title, unit: known.includes(fieldConfig?.defaults.unit ?? '') }).toEqual({ title, unit: true });
    const to = (links ?? []).map(({ url }) => url.replace('${runbook}#', ''));
    expect({ title, leadsSomewhere: to.length > 0, nowhere: to.filter((anchor) => !anchors.includes(anchor)) }).toEqual(
      {
        ...{ title, leadsSomewhere: true, nowhere: [] },
      },
    );
  }
});

it('each alert is named by a panel that shows its series', () => {
  const linked = dashboards.flatMap((one) =>
    one.panels.flatMap(({ links }) => (links ?? []).map(({ title }) => title)),
  );
  const isLinked = (alert: string) => linked.some((title) => new RegExp(`\\b${alert}\\b`).test(title));
  // What they read is that a series is missing.
  const ofAbsence = ['NovaNoBridge', 'NovaNoWorker', 'NovaProcessDown'];
  const silent = alertRules()
    .map(({ alert }) => alert)
    .filter((alert) => !isLinked(alert) && !ofAbsence.includes(alert));
  expect(silent).toEqual([]);
});

it.each(dashboards.map((dashboard) => [dashboard.title, dashboard] as const))(
  '%s has panels beside each other and links to the runbook and its alarms',
  (_, { panels: all, links }) => {
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    const cells = all.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)} ${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(all.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
    expect(links.map(({ url }) => url)).toEqual([undefined, '${runbook}', '${runbook}#alarms']);
  },
);

it('Grafana finds the files and the Prometheus where docker-compose.yml puts them', () => {
  const { services } = load(readFileSync('docker-compose.yml', 'utf8')) as {
    services: Record<string, { volumes?: string[]; ports?: string[] }>;
  };
  const { providers } = load(readFileSync('monitoring/grafana/dashboards/nova.yml', 'utf8')) as {
    providers: { options: { path: string } }[];
  };
  expect(providers.map(({ options }) => options.path)).toEqual(['/etc/nova/dashboards']);
  expect(services['grafana']?.volumes).toEqual([
    './monitoring:/etc/nova:ro',
    './monitoring/grafana:/etc/grafana/provisioning:ro',
  ]);
  const { datasources } = load(readFileSync('monitoring/grafana/datasources/prometheus.yml', 'utf8')) as {
    datasources: { type: string; url: string }[];
  };
  expect(datasources).toMatchObject([{ type: 'prometheus', url: 'http://prometheus:9090' }]);
  expect(services['prometheus']?.ports?.[0]).toMatch(/:9090$/);
  expect(new Set(dashboards.map(({ uid }) => uid)).size).toBe(files.length);
});
