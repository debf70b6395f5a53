import { Command, InvalidArgumentError, Option } from 'commander';
import { environmentOf } from './addresses';
import { StackError } from './errors';
import { evaluated, exportLines } from './export-lines';
import { logs } from './logs';
import { portNames, portVariable } from './ports';
import { plainReporter, type Reporter } from './reporter';
import { givenBy } from './servers/addresses-of';
import { serverNames, type ServerName } from './servers/server';
import { down, status, up } from './stack';
import type { Profile } from './servers/server';
import { statusTable } from './status-table';
import { underLiveList } from './terminal-list';

const variablesHelp = `Variables:
  ${Object.values(givenBy).join(', ')}
                           use this server instead of one of ours (TEMPORAL_UI_URL: its Web UI)
  TEMPORAL_NAMESPACE       namespace (default: "nova")
  NOVA_STACK               docker or local (default: docker when an engine replies)
  NOVA_STACK_DIR           where stacks keep their data
  NOVA_CACHE_DIR           where fetched programs are kept
  ${portNames.map(portVariable).join(',\n  ')}
                           fix a port (default: any free one, kept from then on)`;

interface Common {
  readonly name: string;
  readonly json?: boolean;
}

const program = new Command('npm run stack --')
  .description('The local stack: PostgreSQL, Redis, Kafka and Temporal with its Web UI, all real.')
  .showHelpAfterError()
  .addHelpText('after', () => `\n${variablesHelp}`);

const command = (usage: string, description: string) =>
  program.command(usage).description(description).option('--name <name>', 'which stack', 'dev');

const json = ['--json', 'print one JSON object on the last line'] as const;
const profiles = new Option('--profile <profile>', 'durable, or test: faster, Temporal in memory');

command('up', 'start what is not running, repair what is broken, use what the environment gives')
  .option(...json)
  .addOption(profiles.choices(['durable', 'test']).default('durable'))
  .option('--wipe', 'begin with an empty stack')
  .action(async ({ name, json, profile, wipe = false }: Common & { profile: Profile; wipe?: boolean }) => {
    const state = await withProgress((report) => up({ name, profile, wipe, report }));
    console.log(
      json
        ? JSON.stringify({ ...state, env: environmentOf(state.addresses) })
        : `${statusTable(await status(name))}\nshell   ${evaluated(name)}`,
    );
  });

command('down', 'stop the servers that this stack started')
  .option(...json)
  .option('--wipe', 'also remove everything they stored')
  .action(async ({ name, json, wipe = false }: Common & { wipe?: boolean }) => {
    await withProgress((report) => down({ name, wipe, report }));
    if (json) console.log(JSON.stringify({ name, down: true, wiped: wipe }));
  });

command('status', 'ask every server how it is; exit code 0 when all are healthy')
  .option(...json)
  .action(async ({ name, json }: Common) => {
    const now = await status(name);
    console.log(json ? JSON.stringify(now) : statusTable(now));
    process.exitCode = now.healthy ? 0 : 1;
  });

command('env', 'print the addresses as `export` lines for a shell, for bridge, workers, migrate and nova')
  .addHelpText('after', `\n  ${evaluated('dev')}`)
  .action(async ({ name }: Common) => {
    const { servers, env } = await status(name);
    const missing = servers.filter(({ how }) => how === 'none').map(({ server }) => server);
    if (missing.length > 0)
      throw new StackError({
        code: 'UNHEALTHY',
        what: `not started: ${missing.join(', ')}`,
        where: `stack "${name}"`,
        whatToDo: 'start it with `npm run stack -- up`',
      });
    console.log(exportLines(env));
  });

command('logs [server]', "show the ends of the servers' logs")
  .option('-n, --lines <count>', 'how many lines of each', wholeNumber, 20)
  .option('-f, --follow', 'go on until Ctrl-C')
  .action(
    async (
      server: string | undefined,
      { name, lines, follow = false }: Common & { lines: number; follow?: boolean },
    ) => {
      await logs({ name, lines, follow, ...(server === undefined ? {} : { server: serverName(server) }) });
    },
  );

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof StackError ? error.message : error);
  process.exitCode = 1;
});

/** Progress goes to standard error: standard output is for what a program reads. */
function withProgress<T>(work: (report: Reporter) => Promise<T>): Promise<T> {
  const live = process.stdout.isTTY && process.stderr.isTTY && !process.env.CI;
  return live ? underLiveList(serverNames, work) : work(plainReporter(process.stderr));
}

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number is needed.');
}

function serverName(text: string): ServerName {
  const known = serverNames.find((name) => name === text);
  if (known) return known;
  return program.error(`error: there is no server "${text}": choose one of ${serverNames.join(', ')}`);
}
