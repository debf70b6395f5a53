import { type AlertRule } from '../docs/alarms';
import { type Board, type Panel, units } from './board';

const widthOfGrid = 24;
const sizes = { number: { w: 4, h: 4 }, lines: { w: 12, h: 8 }, table: { w: 12, h: 8 } } as const;
const types = { number: 'stat', lines: 'timeseries', table: 'table' } as const;
/** Chosen at the top of each dashboard. */
const datasource = { type: 'prometheus', uid: '${datasource}' };

/** Names of ours in an expression, without the endings of a histogram's series. */
const metricsIn = (expr: string): string[] => [
  ...new Set(
    [...expr.replace(/"[^"]*"/g, '""').matchAll(/(?<![\w:$])(?:nova|temporal|process|nodejs)[\w:]+/g)].map(([name]) =>
      name.replace(/_(bucket|count|sum)$/, ''),
    ),
  ),
];

/** A dashboard as Grafana provisions it. @param alerts each panel links to those that read one of its metrics */
export function grafanaDashboard(board: Board, alerts: readonly AlertRule[]): object {
  const panels: object[] = [];
  let y = 0;
  for (const row of board.rows) {
    panels.push({
      ...{ id: panels.length + 1, type: 'row', title: row.title, collapsed: false, panels: [] },
      gridPos: { h: 1, w: widthOfGrid, x: 0, y },
    });
    y += 1;
    let [x, lineHeight] = [0, 0];
    for (const panel of row.panels) {
      const { w, h } = sizes[panel.kind];
      if (x + w > widthOfGrid) [x, y, lineHeight] = [0, y + lineHeight, 0];
      panels.push(grafanaPanel(panel, panels.length + 1, { h, w, x, y }, alerts));
      [x, lineHeight] = [x + w, Math.max(lineHeight, h)];
    }
    y += lineHeight;
  }
  return {
    ...{ uid: `nova-${board.name}`, title: board.title, description: board.description, tags: ['nova'] },
    ...{ schemaVersion: 39, version: 1, editable: false, graphTooltip: 1, timezone: 'utc', refresh: '30s' },
    time: { from: 'now-3h', to: 'now' },
    templating: { list: [datasourceVariable, runbookVariable] },
    links: [
      { type: 'dashboards', title: 'Nova', tags: ['nova'], asDropdown: true, includeVars: true, keepTime: true },
      { type: 'link', title: 'Runbook', url: '${runbook}', targetBlank: true, icon: 'doc' },
      { type: 'link', title: 'Alarms and what to do', url: '${runbook}#alarms', targetBlank: true, icon: 'bolt' },
    ],
    panels,
  };
}

const datasourceVariable = { type: 'datasource', name: 'datasource', label: 'Prometheus', query: 'prometheus' };
/** Where the runbook is served: the links of all panels begin with it. */
const runbookVariable = {
  ...{ type: 'textbox', name: 'runbook', label: 'Runbook', query: 'docs/runbook.md' },
  current: { text: 'docs/runbook.md', value: 'docs/runbook.md' },
};

function grafanaPanel(panel: Panel, id: number, gridPos: object, alerts: readonly AlertRule[]): object {
  const { title, description, kind, unit, queries } = panel;
  return {
    ...{ id, type: types[kind], title, description, datasource, gridPos },
    links: linksOf(panel, alerts),
    targets: queries.map(({ expr, legend }, i) => ({
      ...{ refId: String.fromCharCode(65 + i), datasource, expr, legendFormat: legend ?? '__auto' },
      ...(kind === 'lines' ? { range: true } : { instant: true }),
      ...(kind === 'table' ? { format: 'table' } : {}),
    })),
    fieldConfig: {
      defaults: {
        ...{ unit: units[unit], min: 0, color: { mode: kind === 'number' ? 'thresholds' : 'palette-classic' } },
        thresholds: { mode: 'absolute', steps: steps(panel) },
        ...(kind === 'lines' ? { custom: { fillOpacity: 8, lineWidth: 1, showPoints: 'never' } } : {}),
      },
      overrides: [],
    },
    options: optionsOf(kind),
    ...(kind === 'table' ? { transformations: [{ id: 'organize', options: { excludeByName: { Time: true } } }] } : {}),
  };
}

const steps = ({ redFrom }: Panel): object[] => [
  { color: 'green', value: null },
  ...(redFrom === undefined ? [] : [{ color: 'red', value: redFrom }]),
];

function optionsOf(kind: Panel['kind']): object {
  if (kind === 'number') return { reduceOptions: { calcs: ['lastNotNull'] }, textMode: 'auto', colorMode: 'value' };
  if (kind === 'table') return { showHeader: true };
  return {
    legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
    tooltip: { mode: 'multi', sort: 'desc' },
  };
}

/** To the section of the runbook of each alert that reads one of the panel's metrics; one link where two lead to one section. */
function linksOf(panel: Panel, alerts: readonly AlertRule[]): object[] {
  const shown = new Set(panel.queries.flatMap(({ expr }) => metricsIn(expr)));
  const sections = new Map<string, string[]>();
  if (panel.runbook !== undefined) sections.set(panel.runbook, []);
  for (const { alert, expr, annotations } of alerts) {
    if (!metricsIn(expr).some((metric) => shown.has(metric))) continue;
    const anchor = annotations.runbook_url.split('#')[1] ?? '';
    sections.set(anchor, [...(sections.get(anchor) ?? []), alert]);
  }
  return [...sections].map(([anchor, names]) => ({
    title: names.length === 0 ? 'What to do' : `What to do: ${names.join(', ')}`,
    url: `\${runbook}#${anchor}`,
    targetBlank: true,
  }));
}
