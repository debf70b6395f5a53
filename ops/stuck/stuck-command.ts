import { type Command } from 'commander';
import { configFrom } from '../../runtime/config';
import { columnLines } from '../terminal/columns';
import { withConnections } from '../connections';
import { print } from '../print';
import { statusSettings } from '../status/servers';
import { systemStatus } from '../status/status';
import { type StuckLine, stuck } from './stuck';

/** For people: each with what to do below it. */
function stuckText(lines: readonly StuckLine[], several: boolean): string {
  if (lines.length === 0) return 'nothing waits longer than it should';
  return lines
    .flatMap(({ what, id, outbox, count, since, cause, command }) => [
      columnLines([
        [
          `${count > 1 ? `${count} × ` : ''}${what}${several && outbox !== null ? ` in ${outbox}` : ''}`,
          ...(id === null ? [] : [id]),
          ...(since === null ? [] : [`since ${since}`]),
        ],
      ]).join(''),
      `    ${cause}`,
      `    → ${command}`,
    ])
    .join('\n');
}

export function addStuckCommand(program: Command, several: () => boolean): void {
  program
    .command('stuck')
    .description(
      'everything that waits longer than it should, whatever its half, each with its cause and the command that goes on; exit code 1 when there is something',
    )
    .option('--outbox <name>', 'only this outbox (OUTBOXES); left out: all')
    .option('--json', 'an array: what, id, outbox, count, since, cause, command')
    .action(async ({ outbox, json }: { outbox?: string; json?: boolean }) => {
      const settings = configFrom(statusSettings, process.env);
      const look = withConnections(
        settings,
        async (connections) => stuck(connections, await systemStatus(connections, settings)),
        outbox,
      );
      const lines = await look;
      print.result(lines, (found) => stuckText(found, several()), json ?? false);
      if (lines.length > 0) process.exitCode = 1;
    });
}
