import Table from 'cli-table3';
import { cacheHome } from './paths';
import type { ServerStatus, StackStatus } from './status';

/** The status for people. */
export function statusTable(status: StackStatus): string {
  const table = new Table({
    head: ['server', 'what', 'address', 'pid', 'health', 'data'],
    style: { head: [], border: [] },
  });
  for (const server of status.servers) {
    table.push([
      server.server,
      whatText(server),
      server.address ?? '',
      server.pid ?? '',
      healthText(server),
      sizeText(server),
    ]);
  }
  const cache = cacheHome();
  return [
    table.toString(),
    `Web UI  ${webUiText(status)}`,
    `folder  ${status.dataDir}`,
    ...(status.servers.some(({ program }) => program?.path.startsWith(cache)) ? [`cache   ${cache}`] : []),
  ].join('\n');
}

function webUiText({ servers, addresses }: StackStatus): string {
  if (servers.some(({ server, how }) => server === 'temporal' && how === 'none')) return 'not started';
  return addresses.temporalUiUrl ?? 'not known: set TEMPORAL_UI_URL';
}

function whatText({ how, program }: ServerStatus): string {
  if (how === 'given') return 'given by the environment';
  if (program === null) return 'not started';
  return `${program.name}\n${program.path.replace(cacheHome(), '<cache>')}`;
}

function healthText({ health }: ServerStatus): string {
  const text = health.healthy
    ? `✔ ${health.latencyMs} ms${health.note ? `\n${health.note}` : ''}`
    : `✖ ${health.problem}`;
  return wrapped(text, 40);
}

function sizeText({ dataBytes }: ServerStatus): string {
  if (dataBytes === null) return '';
  return dataBytes < 1024 * 1024 ? `${Math.ceil(dataBytes / 1024)} kB` : `${(dataBytes / 1024 / 1024).toFixed(1)} MB`;
}

function wrapped(text: string, width: number): string {
  return text.replace(new RegExp(`(.{1,${width}})(?:\\s+|$)`, 'g'), '$1\n').trimEnd();
}
