import { type Command } from 'commander';
import { type ConfigOf } from '../../runtime/config';
import { type opsSettings, withConnections } from '../connections';
import { type OutboxAway } from '../outboxes';
import { type PlanOptions, planCommand } from './replays-plan-command';
import { listPlansCommand, paceFrom, showPlanCommand, signalPlanCommand, startPlanCommand } from './replays-command';

/** `nova replays plan | start | list | show | pause | resume | pace | stop` */
export function addReplaysCommands(
  program: Command,
  config: () => ConfigOf<typeof opsSettings>,
  incomplete: (away: readonly OutboxAway[]) => void,
): void {
  const replays = program
    .command('replays')
    .description(
      'take many runs up again that ended badly: found and frozen as a plan, worked off by a workflow at a pace',
    );
  replays
    .command('plan <name>')
    .description(
      'find the runs that are meant, show them by cause, and freeze them under a name; nothing is replayed by it',
    )
    .option('--type <event-type>', 'only events of this type')
    .option('--since <duration>', 'only runs that ended within 90m, 24h, 7d')
    .option('--status <list>', 'of failed, terminated, timed-out, canceled, separated by commas; left out: all')
    .option('--code <code>', 'only runs that ended for this code')
    .option('--build <id>', 'only runs that workers of this build have worked on')
    .option('--aggregate <id>', 'only events of this post, conversation, user, …')
    .option('--found', 'what open findings of the audit name and a replay ends, also where the run is gone')
    .option(
      '--lost',
      'what was started within --since and Temporal does not know: after its database was lost, or restored to an earlier moment',
    )
    .option(
      '--unsent',
      'what was started within --since, is not on Kafka, and no open run will send: after emit-again, or when runs ended badly',
    )
    .option('--limit <n>', 'events at most', '10000')
    .option('--reason <text>', 'why; kept with the plan and with each run')
    .option('--dry-run', 'show them and freeze nothing')
    .option('--json')
    .action(async (name: string, options: PlanOptions) =>
      incomplete(await withConnections(config(), (of) => planCommand(of, name, options))),
    );
  replays
    .command('start <name>')
    .description('work a plan off; what was stopped goes on where it was')
    .option('--per-second <n>', 'runs taken up in a second, at most', '5')
    .option('--json')
    .action((name: string, options: { perSecond: string; json?: boolean }) =>
      withConnections(config(), (of) => startPlanCommand(of, name, options)),
    );
  replays
    .command('list')
    .description('the newest plans and how far they are')
    .option('--json')
    .action((options: { json?: boolean }) => withConnections(config(), (of) => listPlansCommand(of, options)));
  replays
    .command('show <name>')
    .description('how far a plan is and what was not, or not well, replayed; exit code 1 when there is such')
    .option('--watch', 'until it is worked off')
    .option('--json')
    .action((name: string, options: { watch?: boolean; json?: boolean }) =>
      withConnections(config(), (of) => showPlanCommand(of, name, options)),
    );
  const signal = (name: 'pause' | 'resume' | 'stop', description: string) =>
    replays
      .command(`${name} <name>`)
      .description(description)
      .option('--reason <text>', 'why, kept with the act')
      .option('--json')
      .action((plan: string, options: { reason?: string; json?: boolean }) =>
        withConnections(config(), (of) => signalPlanCommand(of, plan, { ...options, signal: name })),
      );
  signal('pause', 'take up no further run until resume');
  signal('resume', 'go on');
  signal('stop', 'end the work on a plan; start goes on with it');
  replays
    .command('pace <name> <per-second>')
    .description('change how many runs are taken up in a second')
    .option('--reason <text>', 'why, kept with the act')
    .option('--json')
    .action((plan: string, perSecond: string, options: { reason?: string; json?: boolean }) =>
      withConnections(config(), (of) =>
        signalPlanCommand(of, plan, { ...options, signal: 'pace', pace: paceFrom(perSecond) }),
      ),
    );
}
