import { type Command } from 'commander';
import { type ConfigOf } from '../../runtime/config';
import { actOf, doingElsewhere } from '../acts/acts';
import { type opsSettings, withConnections } from '../connections';
import { print } from '../print';
import { checkedIds } from '../terminal/option-values';
import { rebuildFeeds } from './rebuild-feeds';

/** `nova rebuild-feeds` */
export function addRebuildFeedsCommand(program: Command, config: () => ConfigOf<typeof opsSettings>): void {
  program
    .command('rebuild-feeds [user-id...]')
    .description('write feeds again from PostgreSQL: all of them when Redis was lost, or those of some users')
    .option('--reason <text>', 'why, kept with the act')
    .option('--json')
    .action(async (ids: string[], { reason, json }: { reason?: string; json?: boolean }) => {
      const progress = (done: number) =>
        process.stderr.write(
          `${process.stderr.isTTY ? '\r' : ''}${done} feeds rebuilt${process.stderr.isTTY ? '' : '\n'}`,
        );
      checkedIds(ids);
      const rebuilt = await withConnections(config(), (connections) => {
        const act = actOf({ actor: connections.actor, command: 'rebuild-feeds', reason, planned: ids.length });
        return doingElsewhere(connections.pool, act, ids, async () => {
          const value = await rebuildFeeds(connections, ids, progress);
          return { value, done: value };
        });
      });
      print.rebuilt(rebuilt, json ?? false);
    });
}
