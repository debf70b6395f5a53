import { type Command } from 'commander';
import { type ConfigOf } from '../../runtime/config';
import { actOf, doingElsewhere } from '../acts/acts';
import { type Connections, type opsSettings, withConnections } from '../connections';
import { print } from '../print';
import { checkedIds } from '../terminal/option-values';
import { type MissingFeeds } from './missing-feeds';
import { rebuildFeeds, rebuildMissing } from './rebuild-feeds';

interface RebuildOptions {
  readonly missing?: boolean;
  readonly reason?: string;
  readonly json?: boolean;
}

/** Where no person sees it change, a line is written no more often than this, people or feeds. */
const lineEvery = 10_000;

/** On a terminal one line that changes; elsewhere, as in a file, a line now and then. */
function progressLine(text: (done: number) => string): (done: number) => void {
  let shown = 0;
  return (done) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${text(done)}`);
    else if (done - shown >= lineEvery) process.stderr.write(`${text((shown = done))}\n`);
  };
}

function rebuildNamedOrAll(connections: Connections, ids: readonly string[], reason?: string): Promise<number> {
  const act = actOf({ actor: connections.actor, command: 'rebuild-feeds', reason, planned: ids.length });
  return doingElsewhere(connections.pool, act, ids, async () => {
    const value = await rebuildFeeds(
      connections,
      ids,
      progressLine((done) => `${done} feeds rebuilt`),
    );
    return { value, done: value };
  });
}

function rebuildThoseMissing(connections: Connections, reason?: string): Promise<MissingFeeds> {
  const act = actOf({ actor: connections.actor, command: 'rebuild-feeds --missing', reason, planned: 0 });
  let rebuilt = 0;
  const line = progressLine((done) => `${done} people looked at, ${rebuilt} feeds were missing`);
  return doingElsewhere(connections.pool, act, [], async () => {
    const value = await rebuildMissing(connections, (soFar) => {
      ({ rebuilt } = soFar);
      line(soFar.lookedAt);
    });
    return { value, done: value.rebuilt, result: { lookedAt: value.lookedAt } };
  });
}

/** `nova rebuild-feeds` */
export function addRebuildFeedsCommand(program: Command, config: () => ConfigOf<typeof opsSettings>): void {
  program
    .command('rebuild-feeds [user-id...]')
    .description(
      'write feeds again from PostgreSQL: all of them when Redis was lost, those of some users, or what is missing',
    )
    .option('--missing', 'only feeds that Redis does not hold and should; no other is touched')
    .option('--reason <text>', 'why, kept with the act')
    .option('--json', 'one object: rebuilt, and with --missing how many people were lookedAt')
    .action(async (ids: string[], { missing, reason, json }: RebuildOptions) => {
      if (missing !== true) {
        checkedIds(ids);
        const rebuilt = await withConnections(config(), (of) => rebuildNamedOrAll(of, ids, reason));
        return print.rebuilt(rebuilt, json ?? false);
      }
      if (ids.length > 0) throw new Error('--missing looks at everyone: name no users with it');
      const found = await withConnections(config(), (of) => rebuildThoseMissing(of, reason));
      print.result(
        found,
        ({ lookedAt, rebuilt }) =>
          `rebuilt ${rebuilt} feeds that were missing, of ${lookedAt} people who follow another`,
        json ?? false,
      );
    });
}
