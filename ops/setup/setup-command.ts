import { type Command } from 'commander';
import { type ConfigOf } from '../../runtime/config';
import { oneLine } from '../../runtime/errors';
import { type Act, actOf, doingElsewhere } from '../acts/acts';
import { type Connections, type opsSettings, withConnections } from '../connections';
import { columnLines } from '../terminal/columns';
import { mayGo } from '../terminal/confirm';
import { checkedIds } from '../terminal/option-values';
import { type SetupStep, planSetup, runSetup } from './setup';
import { type UsefulList, usefulLists } from './useful-lists';

interface SetupOptions {
  readonly of?: string;
  readonly retention: string;
  readonly reason?: string;
  readonly yes: boolean;
  readonly json?: boolean;
}

/** Those of Temporal. @throws Error that says what is allowed */
function retentionFrom(text: string): number {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1 || days > 3_650)
    throw new Error(`--retention ${text} is no whole number of days from 1 to 3650`);
  return days;
}

/** Plans, asks (or takes --yes), and makes what is missing. Exit code 1 when something is still missing. */
async function setupCommand(connections: Connections, options: SetupOptions): Promise<void> {
  const { of: id = null, reason, yes, json } = options;
  if (id !== null) checkedIds([id]);
  const days = retentionFrom(options.retention);
  const plan = await planSetup(connections, days);
  const missing = plan.filter(({ does }) => does !== null);
  const lists = usefulLists(connections.config, { id: id?.toLowerCase() ?? null, nowMs: Date.now() });
  if (json !== true) console.log(planText(plan));
  const go = missing.length > 0 && (await mayGo(`make these ${missing.length}?`, { yes, json }));
  const act = actOf({ actor: connections.actor, command: 'setup', reason, planned: missing.length });
  const made = go ? await recorded(connections, act, missing, () => runSetup(connections, days)) : [];
  if (json === true) console.log(JSON.stringify({ plan, made, lists }));
  else {
    if (go) console.log(`made ${made.length}: ${made.join(', ')}`);
    console.log(`\n${listsText(lists)}`);
  }
  if (missing.length > made.length) process.exitCode = 1;
}

/** With an act where there is a table for it: the first setup of a deployment may come before its database. */
async function recorded(
  { pool }: Connections,
  act: Act,
  missing: readonly SetupStep[],
  work: () => Promise<string[]>,
): Promise<string[]> {
  const there = await pool.query('SELECT FROM nova.operator_acts LIMIT 0').then(
    () => true,
    (thrown: unknown) => {
      console.error(`nova: no act is written down, since State does not take it: ${oneLine(thrown)}`);
      return false;
    },
  );
  if (!there) return work();
  const whole = missing.map(({ what }) => what);
  return doingElsewhere(pool, act, whole, async () => {
    const value = await work();
    return { value, done: value.length };
  });
}

const planText = (plan: readonly SetupStep[]): string =>
  columnLines([
    ['WHAT TEMPORAL NEEDS', 'FOUND', 'TO DO'],
    ...plan.map(({ what, found, does }) => [what, found, does ?? '–']),
  ]).join('\n');

function listsText(lists: readonly UsefulList[]): string {
  const shown = lists.map(({ of, query, url }) => [of, url ?? query]);
  return [
    lists.some(({ url }) => url !== null)
      ? 'Lists of the Web UI. It keeps saved views in the browser: open one and save it there under its name.'
      : 'Lists for `temporal workflow list --query`; as links to the Web UI with TEMPORAL_UI_URL.',
    ...columnLines(shown),
  ].join('\n');
}

/** `nova setup` */
export function addSetupCommand(program: Command, config: () => ConfigOf<typeof opsSettings>): void {
  program
    .command('setup')
    .description(
      'make what Temporal needs (namespace, search attributes), as far as it is missing; prints links to lists of runs',
    )
    .option('--of <id>', 'also the lists of this post, person, conversation, …: about it, and caused by the person')
    .option('--retention <days>', 'of a namespace that is missing: how long closed runs are kept', '30')
    .option('--reason <text>', 'why, kept with the act')
    .option('--yes', 'do not ask', false)
    .option('--json', 'one object: plan, made, lists; does not ask, needs --yes to make anything')
    .action((options: SetupOptions) => withConnections(config(), (of) => setupCommand(of, options)));
}
