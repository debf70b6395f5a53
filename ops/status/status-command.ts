import { setTimeout as pause } from 'node:timers/promises';
import { type Command } from 'commander';
import { configFrom } from '../../runtime/config';
import { withConnections } from '../connections';
import { print } from '../print';
import { type StatusConfig, statusSettings } from './servers';
import { systemStatus } from './status';
import { type Status } from './status-said';
import { statusText } from './status-print';

const watchMs = 2_000;

interface StatusOptions {
  readonly outbox?: string;
  readonly watch?: boolean;
  readonly json?: boolean;
}

export function addStatusCommand(program: Command, several: () => boolean): void {
  program
    .command('status')
    .description('what waits, where and why; exit code 1 when a person should look')
    .option('--outbox <name>', 'only this outbox (OUTBOXES); left out: all')
    .option(
      '--watch',
      `again every ${watchMs / 1_000} seconds, until it is interrupted; with --json a line for each look`,
    )
    .option('--json')
    .action(async (options: StatusOptions) => {
      const settings = configFrom(statusSettings, process.env);
      const show = (status: Status) =>
        print.result(status, (found) => statusText(found, several()), options.json ?? false);
      if (options.watch === true) return watch(settings, options, show);
      const look = await withConnections(settings, (of) => systemStatus(of, settings), options.outbox);
      show(look);
      if (look.lookAt.length > 0) process.exitCode = 1;
    });
}

/** Ends by a signal only: at once, with exit code 0, since nothing is under way but a look. */
async function watch(
  settings: StatusConfig,
  { outbox, json }: StatusOptions,
  show: (status: Status) => void,
): Promise<void> {
  const end = () => process.exit(0);
  process.once('SIGINT', end).once('SIGTERM', end);
  const work = async (of: Parameters<Parameters<typeof withConnections>[1]>[0]): Promise<void> => {
    for (;;) {
      const status = await systemStatus(of, settings);
      if (json !== true) console.log(frameHead(process.stdout.isTTY, status));
      show(status);
      await pause(watchMs);
    }
  };
  await withConnections(settings, work, outbox);
}

/** On a terminal each look takes the place of the one before; elsewhere, as in a file, one follows the other. */
export function frameHead(isTerminal: boolean, { lookAt }: Pick<Status, 'lookAt'>): string {
  const clear = isTerminal ? '\u001b[H\u001b[2J\u001b[3J' : '\n';
  const reasons = lookAt.length === 0 ? 'nothing to look at' : `LOOK AT: ${lookAt.join(', ')}`;
  return `${clear}${new Date().toISOString()}  ${reasons}\n`;
}
