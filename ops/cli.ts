import { Command } from 'commander';
import { ConfigError, configFrom } from '../runtime/config';
import { outboxesOf } from '../runtime/outboxes';
import { withSetting } from '../runtime/which-setting';
import { addActsCommand } from './acts/acts-command';
import { addAuditCommand } from './audit/audit-command';
import { opsSettings } from './connections';
import { addDeadLetterCommands } from './dead-letters/dead-letters-cli';
import { addGiveUpCommand } from './dead-letters/give-up-command';
import { addReleaseHoldCommand } from './dead-letters/release-hold';
import { addDeliveryCommands } from './deliveries/deliveries-command';
import { addDoctorCommand } from './doctor/doctor-command';
import { addEmitAgainCommand } from './emit-again/emit-again-command';
import { addRebuildFeedsCommand } from './feeds/rebuild-feeds-command';
import { addHousekeepingCommand } from './housekeeping/housekeeping-command';
import { addMoveCommands } from './move/move-cli';
import { type OutboxAway, OutboxFault, outboxFaultText, outboxPlace } from './outboxes';
import { addPauseCommands } from './pauses/pauses-cli';
import { addReplayCommand } from './replay/replay-command';
import { addReplaysCommands } from './replay/replays-cli';
import { addSetupCommand } from './setup/setup-command';
import { addShowCommand } from './show/show-command';
import { addSignalCommand } from './signal/signal-command';
import { addStatusCommand } from './status/status-command';
import { addStuckCommand } from './stuck/stuck-command';
import { settingWarnings } from './warn-of-settings';
import { addWhyCommand } from './why/why-command';

const config = () => configFrom(opsSettings, process.env);
const isSeveral = () => outboxesOf(config()).length > 1;

/** Names the outboxes that said nothing, so that no one takes the output for complete. */
function incomplete(away: readonly OutboxAway[]): void {
  for (const { outbox, why } of away)
    console.error(`nova: outbox ${outboxPlace(outbox, config())} could not be asked: ${why}`);
  if (away.length > 0) process.exitCode = 2;
}

const program = new Command('nova')
  .description('Look at and repair side effects, from the outbox to what people see. Every command takes --json.')
  .addHelpText('after', () => exitCodes)
  // Subcommands inherit it. Commander's own code for a wrong option is 1, which here says that a person should look.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));

const exitCodes = `
Exit codes:
  0  all that was asked for is done, and nothing was found that a person should look at
  1  a person should look: something was found, or was refused, or is not done (no one said yes, for example)
  2  the command could not do its work, or saw only a part: a wrong option or setting, or a server that did not reply`;

program.hook('preAction', () => {
  for (const line of settingWarnings(process.env)) console.error(`nova: ${line}`);
});

addStatusCommand(program, isSeveral);
addStuckCommand(program, isSeveral);
addShowCommand(program, config, incomplete, isSeveral);
addWhyCommand(program, config, incomplete);
addDoctorCommand(program);
addSetupCommand(program, config);
addDeadLetterCommands(program, config, incomplete);
addReleaseHoldCommand(program, config, incomplete);
addGiveUpCommand(program, config, incomplete);
addDeliveryCommands(program, config, incomplete);
addReplayCommand(program, config, incomplete);
addReplaysCommands(program, config, incomplete);
addEmitAgainCommand(program, config, incomplete);
addPauseCommands(program, config, incomplete);
addSignalCommand(program, config, incomplete);
addAuditCommand(program, config, isSeveral);
addActsCommand(program, config, incomplete);
addRebuildFeedsCommand(program, config);
addHousekeepingCommand(program, config);
addMoveCommands(program, config, incomplete);

// A reader that has seen enough, as in `nova dead-letters | head`, ends the command and is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

program
  .parseAsync()
  .catch((thrown: unknown) => {
    const text = () =>
      thrown instanceof OutboxFault ? outboxFaultText(thrown, config()) : withSetting(thrown, config());
    console.error(thrown instanceof ConfigError ? thrown.message : `nova: ${text()}`);
    process.exitCode = 2;
  })
  // All is said: a connection to a server that hangs does not keep the process.
  .finally(() => setTimeout(() => process.exit(), 1_000).unref());
