import { Command } from 'commander';
import { environmentOf } from './addresses';
import { StackError } from './errors';
import { plainReporter } from './reporter';
import { down, status, up } from './stack';
import { statusTable } from './status-table';
import type { Profile } from './state-file';

interface Common {
  readonly name: string;
  readonly json?: boolean;
}

const program = new Command('npm run stack --')
  .description('The local stack: PostgreSQL, Redis, Kafka and Temporal with its Web UI, all real.')
  .showHelpAfterError();

const command = (name: string, description: string) =>
  program.command(name).description(description).option('--name <name>', 'which stack', 'dev').option('--json', 'one JSON object on the last line');

command('up', 'start what is not running, mend what is broken, use what the environment gives')
  .option('--profile <profile>', 'durable, or test: faster, Temporal in memory', 'durable')
  .option('--wipe', 'begin with an empty stack')
  .action(async ({ name, json, profile, wipe }: Common & { profile: Profile; wipe?: boolean }) => {
    const state = await up({ name, profile, wipe: wipe ?? false, report: plainReporter(process.stderr) });
    const env = environmentOf(state.addresses);
    if (json) console.log(JSON.stringify({ ...state, env }));
    else console.log(statusTable(await status(name)));
  });

command('down', 'stop the servers that this stack started')
  .option('--wipe', 'also remove everything they stored')
  .action(async ({ name, json, wipe }: Common & { wipe?: boolean }) => {
    await down({ name, wipe: wipe ?? false, report: plainReporter(process.stderr) });
    if (json) console.log(JSON.stringify({ name, down: true, wiped: wipe ?? false }));
  });

command('status', 'ask every server how it is; exit code 0 when all are healthy').action(async ({ name, json }: Common) => {
  const now = await status(name);
  console.log(json ? JSON.stringify(now) : statusTable(now));
  process.exitCode = now.healthy ? 0 : 1;
});

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof StackError ? `\n${error.message}` : error);
  process.exitCode = 1;
});
