import { type Command } from 'commander';
import { keepDays } from '../../outbox-bridge/settings';
import { type ConfigOf } from '../../runtime/config';
import { actOf, doingElsewhere } from '../acts/acts';
import { type opsSettings, withConnections } from '../connections';
import { print } from '../print';
import { planHousekeeping, runHousekeeping } from './housekeeping';
import { doneText, planText } from './housekeeping-print';

/** `nova housekeeping` */
export function addHousekeepingCommand(program: Command, config: () => ConfigOf<typeof opsSettings>): void {
  program
    .command('housekeeping')
    .description('drop partitions and delete ledger rows past their retention now, as a bridge does every hour')
    .option('--dry-run', 'only say what would go and what stays, and why')
    .option(
      '--outbox <name>',
      'only the days of this outbox; without it those of every outbox, and what expires in State',
    )
    .option('--json')
    .action(async ({ dryRun, outbox, json }: { dryRun?: boolean; outbox?: string; json?: boolean }) => {
      await withConnections(config(), async ({ pool, outboxes, config, actor, openRuns, isOpen }) => {
        const { retentionDays } = config;
        const deps = { state: pool, outboxes, retentionDays, keepDays: keepDays(config), openRuns, isOpen };
        if (dryRun) return print.result(await planHousekeeping(deps, outbox), planText, json ?? false);
        const act = actOf({
          actor,
          command: 'housekeeping',
          planned: 1,
          details: outbox === undefined ? {} : { outbox },
        });
        const done = await doingElsewhere(outbox === undefined ? pool : outboxes.of({ outbox }), act, [], async () => {
          const value = await runHousekeeping(deps, outbox);
          return { value, done: 1 };
        });
        print.result(done, doneText, json ?? false);
        if (Object.keys({ ...done.busy, ...done.failed }).length > 0) process.exitCode = 2;
      });
    });
}
