import './say-starting';
import { Command } from 'commander';
import { ConfigError, configFrom } from '../runtime/config';
import { oneLine } from '../runtime/errors';
import { runProcess } from '../runtime/lifecycle';
import { createLogger } from '../runtime/logger';
import { warnOfNearNames } from '../runtime/near-names';
import { composeConsole } from './compose';
import { inviteSettings, checkConsole, consoleSettings, originsOf } from './settings';
import { invitationFor } from './who/invitation';
import { roleFrom } from './who/roles';

/** `npm run console`: the pages for operators. One is enough; it keeps nothing but its last samples. */
async function serve(): Promise<void> {
  const config = configFrom(consoleSettings, process.env);
  checkConsole(config);
  const logger = createLogger('console', config.logLevel);
  warnOfNearNames(consoleSettings, process.env, logger);
  // Not left to the last open handle: the socket of a server that hangs may stay.
  process.exit(await runProcess(composeConsole(config, logger), logger));
}

/** `npm run console -- invite <name>`: prints a link with which a person signs in once. */
async function invite(name: string, { role }: { readonly role: string }): Promise<void> {
  const config = configFrom(inviteSettings, process.env);
  if (config.consoleKey === '')
    throw new ConfigError(['CONSOLE_KEY must be the key of the console that the link is for']);
  const token = await invitationFor(config.consoleKey, { name, role: roleFrom(role) });
  console.log(`${originsOf(config)[0]}/sign-in?token=${token}`);
}

const program = new Command('console').description('Pages in a browser: look at the outbox, and repair it.');
program.action(serve);
program
  .command('invite <name>')
  .description('print a link with which this person signs in once, within ten minutes')
  .option('--role <role>', 'read, operate or admin', 'read')
  .action(invite);
program.parseAsync().catch((thrown: unknown) => {
  console.error(thrown instanceof ConfigError ? thrown.message : `console: ${oneLine(thrown, 2_000)}`);
  process.exit(1);
});
