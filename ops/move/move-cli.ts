import { type Command } from 'commander';
import { type ConfigOf } from '../../runtime/config';
import { type opsSettings, withConnections } from '../connections';
import { type MoveOptions, cancelCommand, moveStatusCommand, prepareCommand, switchCommand } from './move-command';
import { type OutboxAway } from '../outboxes';

/** `nova move prepare | switch | status | cancel` */
export function addMoveCommands(
  program: Command,
  config: () => ConfigOf<typeof opsSettings>,
  incomplete: (away: readonly OutboxAway[]) => void,
): void {
  const move = program
    .command('move')
    .description('bring domains from one outbox to another while their service writes');
  const step = (name: string, description: string, run: typeof switchCommand) =>
    move
      .command(name)
      .description(description)
      .requiredOption('--from <outbox>', 'the outbox that has the domains now')
      .requiredOption('--to <outbox>', 'the outbox that is to have them')
      .option('--reason <text>', 'why, kept with the act')
      .option('--yes', 'do not ask', false)
      .option('--json', 'one object; does not ask, needs --yes to do anything')
      .action((options: MoveOptions) => withConnections(config(), (of) => run(of, options)));
  step('prepare', 'the new outbox refuses the domains until the switch', prepareCommand).requiredOption(
    '--domains <list>',
    'separated by commas: content, media, …',
  );
  step('switch', 'the old outbox refuses the domains, and the new one takes them', switchCommand).option(
    '--wait <seconds>',
    'for transactions that are open in the old outbox; then the switch is taken back',
    '30',
  );
  step('cancel', 'take back what prepare did', cancelCommand);
  move
    .command('status')
    .description('moves, and what each waits for')
    .option('--json')
    .action(async ({ json }: { json?: boolean }) => {
      incomplete(await withConnections(config(), (of) => moveStatusCommand(of, json ?? false)));
    });
}
