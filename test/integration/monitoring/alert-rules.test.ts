import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { alertRules, ruleFiles } from '../../../dev/docs/alarms';
import { fetchPrometheus } from '../../../dev/stack/fetch/prometheus';
import { type AlertCase, alertCases } from './alert-cases';

const alerts = alertRules();
let folder: string;
let promtool: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nova-alerts-'));
  ({ promtool } = await fetchPrometheus(process.env, () => undefined));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `90s`, `15m`, `1d` → minutes. */
function minutes(duration = '0m'): number {
  const [, count, unit = ''] = /^(\d+)([smhd])$/.exec(duration) ?? [];
  return Number(count) * ({ s: 1 / 60, m: 1, h: 60, d: 1_440 }[unit] ?? NaN);
}

/** Minutes between two samples, and two looks at the rules: a day of half minutes would take most of a minute. */
const stepOf = (atMinutes: number): number => (atMinutes > 1_000 ? 10 : atMinutes > 100 ? 2 : 0.5);

/** What Prometheus says of an alert after so many minutes of these series: how often it fires. */
const looks = (
  alert: string,
  series: AlertCase['fires'],
  expected: readonly [minutes: number, fires: boolean][],
  step: number,
) => ({
  interval: `${step * 60}s`,
  input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
  promql_expr_test: expected.map(([after, fires]) => ({
    expr: `count by (alertname) (ALERTS{alertname="${alert}", alertstate="firing"})`,
    eval_time: `${Math.round(after * 60)}s`,
    exp_samples: fires ? [{ labels: `{alertname="${alert}"}`, value: 1 }] : [],
  })),
});

async function test(name: string, tests: readonly unknown[], step: number): Promise<string> {
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify({ rule_files: ruleFiles(), evaluation_interval: `${step * 60}s`, tests }));
  return promisify(execFile)(promtool, ['test', 'rules', file]).then(
    ({ stdout }) => stdout,
    (thrown: { stdout: string; stderr: string }) => `${thrown.stdout}\n${thrown.stderr}`,
  );
}

it('each alert has a case, and each case an alert', () => {
  expect(Object.keys(alertCases).sort()).toEqual(alerts.map(({ alert }) => alert).sort());
});

it('the files are rules that Prometheus takes', async () => {
  const { stdout } = await promisify(execFile)(promtool, ['check', 'rules', ...ruleFiles()]);
  expect(stdout.match(/SUCCESS/g)).toHaveLength(ruleFiles().length);
});

it.each(alerts.map((alert) => [alert.alert, alert] as const))(
  '%s fires by its series, not before its time, and not by those that are near',
  async (name, alert) => {
    const it = alertCases[name] as AlertCase;
    const waits = minutes(alert.for);
    const step = stepOf(it.atMinutes ?? waits);
    const at = it.atMinutes ?? waits + 2 * step;
    const early: [number, boolean][] = waits > 0 ? [[waits - step, false]] : [];
    const tests = [
      looks(name, it.fires, [...early, [at, true]], step),
      looks(name, it.quiet, [...early, [at, false]], step),
    ];
    const output = await test(name, tests, step);
    expect(output).toContain('SUCCESS');
    expect(output).not.toContain('FAILED');
  },
);
