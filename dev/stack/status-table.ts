import Table from 'cli-table3';
import type { ServerStatus, StackStatus } from './status';

/** The status for people. */
export function statusTable(status: StackStatus): string {
  const table = new Table({ head: ['server', 'how', 'address', 'pid', 'health', 'data'], style: { head: [], border: [] } });
  for (const server of status.servers) {
    table.push([server.server, howText(server), server.address, server.pid ?? '', healthText(server), sizeText(server.dataBytes)]);
  }
  const ui = status.addresses.temporalUiUrl;
  return [table.toString(), `Web UI   ${ui ?? 'not known: set TEMPORAL_UI_URL'}`, `folder   ${status.dataDir}`].join('\n');
}

function howText({ how, program }: ServerStatus): string {
  return program ?? (how === 'none' ? 'not started' : how);
}

function healthText({ health }: ServerStatus): string {
  if (!health.healthy) return `✖ ${health.problem.slice(0, 60)}`;
  return `✔ ${health.latencyMs} ms${health.note ? `, ${health.note}` : ''}`;
}

function sizeText(bytes: number | null): string {
  if (bytes === null) return '';
  return bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} kB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
