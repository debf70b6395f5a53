import { alertRules } from '../docs/alarms';
import { type Board } from './board';
import { bridge } from './bridge';
import { effects } from './effects';
import { grafanaDashboard } from './grafana';
import { kafka } from './kafka';
import { operators } from './operators';
import { overview } from './overview';
import { temporal } from './temporal';

/** Every dashboard, in the order in which a person looks. */
export const boards: readonly Board[] = [overview, bridge, effects, kafka, temporal, operators];

/** Path from the root → content, of every dashboard. */
export function dashboardFiles(): Record<string, string> {
  const alerts = alertRules();
  return Object.fromEntries(
    boards.map((board) => [
      `monitoring/dashboards/${board.name}.json`,
      JSON.stringify(grafanaDashboard(board, alerts), null, 2) + '\n',
    ]),
  );
}
