import { Command } from 'commander';
import { ConfigError, configFrom } from '../runtime/config';
import { auditCommandSettings, auditNow, durationMs } from './audit/audit';
import { acknowledgeFindings } from './audit/audit-findings';
import { auditText } from './audit/audit-print';
import { actOf, doing, doingElsewhere } from './acts/acts';
import { addActsCommand } from './acts/acts-command';
import { addDeadLetterCommands } from './dead-letters/dead-letters-cli';
import { addEmitAgainCommand } from './emit-again/emit-again-command';
import { addDoctorCommand } from './doctor/doctor-command';
import { addDeliveryCommands } from './deliveries/deliveries-command';
import { checkedIds } from './terminal/option-values';
import { type GiveUpOptions, giveUpCommand } from './dead-letters/give-up-command';
import { planHousekeeping, runHousekeeping } from './housekeeping/housekeeping';
import { doneText, planText } from './housekeeping/housekeeping-print';
import { addMoveCommands } from './move/move-cli';
import { addPauseCommands } from './pauses/pauses-cli';
import { print } from './print';
import { type ReplayOptions, replayCommand } from './replay/replay-command';
import { rebuildFeeds } from './feeds/rebuild-feeds';
import { type ReleaseOptions, releaseCommand } from './dead-letters/release-hold';
import { addReplaysCommands } from './replay/replays-cli';
import { showCommand } from './show/show-command';
import { addStatusCommand } from './status/status-command';
import { addStuckCommand } from './stuck/stuck-command';
import { keepDays } from '../outbox-bridge/settings';
import { outboxesOf } from '../runtime/outboxes';
import { withSetting } from '../runtime/which-setting';
import { opsSettings, withConnections } from './connections';
import { type OutboxAway, OutboxFault, outboxFaultText, outboxPlace } from './outboxes';
import { settingWarnings } from './warn-of-settings';
import { addWhyCommand } from './why/why-command';

const program = new Command('ops').description('Look at and repair the outbox. Every command takes --json.');

interface AuditOptions {
  readonly since: string;
  readonly acknowledge?: string[];
  readonly reason?: string;
  readonly json?: boolean;
}

/** Of a command that looks at rows: all outboxes, or the one that is named. */
interface InOutbox {
  readonly outbox?: string;
}

const config = () => configFrom(opsSettings, process.env);
const outboxOption = ['--outbox <name>', 'only this outbox (OUTBOXES); left out: all'] as const;

const isSeveral = () => outboxesOf(config()).length > 1;

/** Names the outboxes that said nothing, so that no one takes the output for complete. */
function incomplete(away: readonly OutboxAway[]): void {
  for (const { outbox, why } of away)
    console.error(`ops: outbox ${outboxPlace(outbox, config())} could not be asked: ${why}`);
  if (away.length > 0) process.exitCode = 2;
}

program.hook('preAction', () => {
  for (const line of settingWarnings(process.env)) console.error(`ops: ${line}`);
});

program
  .command('show <id>')
  .description(
    'the story of one event: its row, its workflow and how that ended or what it waits for, its deliveries; of anything else: its newest events',
  )
  .option(...outboxOption)
  .option('--json')
  .action(async (id: string, { json, outbox }: InOutbox & { json?: boolean }) => {
    checkedIds([id]);
    const several = outbox === undefined && isSeveral();
    incomplete(await withConnections(config(), (of) => showCommand(of, id, { json: json ?? false, several }), outbox));
  });

program
  .command('release-hold <event-id>')
  .description('let pass what a dead letter holds back in its aggregate; the dead letter stays one')
  .option('--reason <text>', 'why, kept with the dead letter')
  .option('--yes', 'do not ask', false)
  .option('--json', 'one object: plan, refused, released; does not ask, needs --yes to release anything')
  .option(...outboxOption)
  .action(async (id: string, options: InOutbox & ReleaseOptions) => {
    checkedIds([id]);
    incomplete(await withConnections(config(), (of) => releaseCommand(of, id, options), options.outbox));
  });

program
  .command('give-up [event-id...]')
  .description(
    'make pending rows of an event type that no version knows (misspelt) dead letters now, instead of after OUTBOX_UNKNOWN_TYPE_HOURS',
  )
  .option('--type <spelling>', 'every pending row of this type, spelt as the rows have it')
  .option('--limit <n>', 'with --type: at most', '1000')
  .option('--reason <text>', 'why, kept with the dead letters')
  .option('--yes', 'do not ask', false)
  .option('--json', 'one object: plan and givenUp; does not ask, needs --yes to give anything up')
  .option(...outboxOption)
  .action(async (ids: string[], options: InOutbox & GiveUpOptions) => {
    checkedIds(ids);
    incomplete(await withConnections(config(), (of) => giveUpCommand(of, ids, options), options.outbox));
  });

program
  .command('replay [event-id...]')
  .description(
    'start a further run of events whose run ended badly, or was deleted or forgotten; what was done is not done again',
  )
  .option('--found', 'every event with an open finding of the audit that a replay ends')
  .option('--type <event-type>', 'with --found: only this event type')
  .option('--since <duration>', 'with --found: only findings first seen within 90m, 24h, 7d')
  .option('--limit <n>', 'with --found: at most', '100')
  .option('--reason <text>', 'why, kept with the replay')
  .option('--again', 'also events of which a run has completed', false)
  .option('--yes', 'do not ask', false)
  .option('--json', 'one object: plan and started; does not ask, needs --yes to start anything')
  .option(...outboxOption)
  .action(async (ids: string[], options: InOutbox & ReplayOptions) => {
    checkedIds(ids);
    incomplete(await withConnections(config(), (of) => replayCommand(of, ids, options), options.outbox));
  });

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

program
  .command('audit')
  .description(
    'compare rows with workflow runs and with Kafka, both ways; exit code 1 when something is unexplained or waits for a person',
  )
  .option('--since <duration>', 'how far to look back: 90m, 24h, 7d', '1h')
  .option('--acknowledge <event-id...>', 'no audit: these findings are explained, do not count them any more')
  .option('--reason <text>', 'with --acknowledge: why, kept with the finding')
  .option('--json')
  .action(async ({ since, acknowledge, reason, json }: AuditOptions) => {
    if (acknowledge !== undefined) {
      const done = await withConnections(config(), ({ pool, actor }) => {
        const act = actOf({ actor, command: 'audit --acknowledge', reason, planned: acknowledge.length });
        return doing(pool, act, async (database) => {
          const value = await acknowledgeFindings(database, acknowledge, reason ?? null);
          return { value, ids: value };
        });
      });
      print.acknowledged(done, acknowledge, json ?? false);
      return;
    }
    const onStep = (step: string) => void process.stderr.write(process.stderr.isTTY ? `\r\u001b[2K${step} … ` : '');
    const report = await auditNow(configFrom(auditCommandSettings, process.env), durationMs(since), onStep);
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K');
    console.log(json === true ? JSON.stringify(report) : auditText(report, isSeveral()));
    if (report.unexplained > 0 || report.waitForPerson > 0) process.exitCode = 1;
    if (report.notRead !== undefined) process.exitCode = 2;
  });

addStatusCommand(program, isSeveral);
addMoveCommands(program, config, incomplete);
addDeliveryCommands(program, config, incomplete);
addDeadLetterCommands(program, config, incomplete);
addActsCommand(program, config, incomplete);
addPauseCommands(program, config, incomplete);
addReplaysCommands(program, config, incomplete);
addEmitAgainCommand(program, config, incomplete);
addDoctorCommand(program);
addWhyCommand(program, config, incomplete);
addStuckCommand(program, isSeveral);
// A reader that has seen enough, as in `ops dead-letters | head`, ends the command and is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

program
  .parseAsync()
  .catch((thrown: unknown) => {
    const text = () =>
      thrown instanceof OutboxFault ? outboxFaultText(thrown, config()) : withSetting(thrown, config());
    console.error(thrown instanceof ConfigError ? thrown.message : `ops: ${text()}`);
    process.exitCode = 2;
  })
  // All is said: a connection to a server that hangs does not keep the process.
  .finally(() => setTimeout(() => process.exit(), 1_000).unref());
