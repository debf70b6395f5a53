import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { load } from 'js-yaml';
import { type AlertRule, ruleFiles } from '../../dev/docs/alarms';
import { fetchAlertmanager, fetchPrometheus } from '../../dev/stack/fetch/prometheus';
import { freePort } from '../../dev/stack/ports';
import { endsWithUs } from '../../proof/run/at-our-end';
import { waitFor } from './wait-for';

/** An alert as it arrived at the receiver. */
export interface ArrivedAlert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: AlertRule['annotations'];
}

/** Prometheus and the Alertmanager with the product's own files, and who they notify. */
export interface AlarmStack {
  /** What has arrived so far. */
  readonly arrived: readonly ArrivedAlert[];
  /** Waits until an alert of this name with these labels has arrived. */
  arrival(alertname: string, labels?: Readonly<Record<string, string>>): Promise<ArrivedAlert>;
  /** Values of an expression now. @throws Error what Prometheus says of an expression that it cannot read */
  query(expr: string): Promise<number[]>;
  stop(): Promise<void>;
}

type QueryReply =
  | { readonly status: 'success'; readonly data: { readonly result: { readonly value: [number, string] }[] } }
  | { readonly status: 'error'; readonly error: string };

/** A minute of the files lasts a second here. */
const faster = 60;
const perSecond: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const scaled = (duration: string): string => {
  const [, count, unit = ''] = /^(\d+)([smhd])$/.exec(duration) ?? [];
  return `${Math.max(1, Math.round((Number(count) * (perSecond[unit] ?? NaN)) / faster))}s`;
};

/** A file of rules whose waits and ranges are shorter; what values are compared with stays. JSON is YAML. */
function rulesOf(path: string): string {
  const file = load(readFileSync(path, 'utf8')) as { groups: { rules: { expr: string; for?: string }[] }[] };
  for (const rule of file.groups.flatMap(({ rules }) => rules)) {
    rule.expr = rule.expr.replace(
      /\[(\d+[smhd])(:?)\]/g,
      (_, range: string, colon: string) => `[${scaled(range)}${colon}]`,
    );
    if (rule.for !== undefined) rule.for = scaled(rule.for);
  }
  return JSON.stringify(file);
}

/** As in monitoring/alertmanager.yml, but for the receiver's address, and the waits before a message goes out. */
function alertmanagerConfig(url: string): string {
  type Route = Record<string, unknown> & { routes?: Route[] };
  const config = load(readFileSync('monitoring/alertmanager.yml', 'utf8')) as {
    route: Route;
    receivers: { webhook_configs: { url: string }[] }[];
  };
  Object.assign(config.route, { group_wait: '1s', group_interval: '1s' });
  for (const { webhook_configs: hooks } of config.receivers) for (const hook of hooks) hook.url = url;
  return JSON.stringify(config);
}

/** Starts both and the receiver. `targets`: addresses of pages by the job's name. */
export async function startAlarms(targets: Readonly<Record<string, readonly string[]>>): Promise<AlarmStack> {
  const quiet = () => undefined;
  const [{ prometheus }, { alertmanager, home }] = await Promise.all([
    fetchPrometheus(process.env, quiet),
    fetchAlertmanager(process.env, quiet),
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'nova-alarms-'));
  const arrived: ArrivedAlert[] = [];
  const receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      arrived.push(...(JSON.parse(Buffer.concat(chunks).toString()) as { alerts: ArrivedAlert[] }).alerts);
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const [prometheusPort, alertmanagerPort] = [await freePort(), await freePort()];
  mkdirSync(join(folder, 'alerts'));
  for (const path of ruleFiles()) writeFileSync(join(folder, 'alerts', basename(path)), rulesOf(path));
  const hook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  writeFileSync(join(folder, 'alertmanager.yml'), alertmanagerConfig(hook));
  const scrape = Object.entries(targets).map(([job, addresses]) => ({
    job_name: job,
    static_configs: [{ targets: addresses }],
  }));
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [join(folder, 'alerts/*.yml')],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${alertmanagerPort}`] }] }] },
    scrape_configs: scrape,
  };
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const start = (program: string, args: readonly string[], cwd: string) => {
    const log = openSync(join(folder, `${basename(program)}.log`), 'a');
    return endsWithUs(spawn(program, args, { cwd, stdio: ['ignore', log, log] }));
  };
  const children = [
    start(
      alertmanager,
      [
        `--config.file=${join(folder, 'alertmanager.yml')}`,
        `--storage.path=${join(folder, 'alertmanager')}`,
        `--web.listen-address=127.0.0.1:${alertmanagerPort}`,
        '--cluster.listen-address=',
      ],
      home,
    ),
    start(
      prometheus,
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'prometheus')}`,
        `--web.listen-address=127.0.0.1:${prometheusPort}`,
      ],
      folder,
    ),
  ];
  const stop = async (): Promise<void> => {
    for (const child of children)
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    receiver.closeAllConnections();
    await new Promise((resolve) => receiver.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  };
  const isReady = async (port: number) => (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok;
  try {
    for (const port of [alertmanagerPort, prometheusPort])
      await waitFor(() => isReady(port), { everyMs: 200, what: `port ${port} ready` });
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return {
    arrived,
    arrival: (alertname, labels = {}) => arrivalAmong(arrived, alertname, labels),
    stop,
    query: async (expr) => {
      const url = `http://127.0.0.1:${prometheusPort}/api/v1/query?query=${encodeURIComponent(expr)}`;
      const body = (await (await fetch(url)).json()) as QueryReply;
      if (body.status !== 'success') throw new Error(`${expr}: ${body.error}`);
      return body.data.result.map(({ value }) => Number(value[1]));
    },
  };
}

function arrivalAmong(
  arrived: readonly ArrivedAlert[],
  alertname: string,
  labels: Readonly<Record<string, string>>,
): Promise<ArrivedAlert> {
  const isIt = (one: ArrivedAlert): boolean =>
    one.status === 'firing' &&
    one.labels['alertname'] === alertname &&
    Object.entries(labels).every(([name, value]) => one.labels[name] === value);
  return waitFor(() => arrived.find(isIt), { timeoutMs: 180_000, what: `${alertname} ${JSON.stringify(labels)}` });
}
