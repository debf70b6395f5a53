import { type Command } from 'commander';
import { type ConfigOf } from '../../runtime/config';
import { outboxesOf } from '../../runtime/outboxes';
import { type AmendOptions, amendCommand } from './amend-command';
import { type opsSettings, withConnections } from '../connections';
import { groupsOf } from './dead-letter-groups';
import { deadLettersOf } from './dead-letters';
import { type DiscardOptions, discardCommand } from './discard-command';
import { checkedIds, codeFrom, limitFrom, outboxOption } from '../terminal/option-values';
import { type OutboxAway } from '../outboxes';
import { print } from '../print';
import { requeueAnywhere } from './requeue-anywhere';
import { type RequeueFilterOptions, requeueByFilter } from './requeue-filter';
import { type ShowLetterOptions, showLetterCommand } from './show-letter';

type Config = () => ConfigOf<typeof opsSettings>;
type Incomplete = (away: readonly OutboxAway[]) => void;

interface Common {
  readonly outbox?: string;
  readonly json?: boolean;
}
type Filtered = Common & { readonly code?: string; readonly type?: string; readonly limit: string };

const codeOption = ['--code <code>', 'only this failure code (docs/failures.md)'] as const;
const typeOption = ['--type <event-type>', 'only this event type, in every spelling'] as const;
const neverRanOption = [
  '--never-ran',
  'you have checked that Temporal never ran them: needed when it would have forgotten by now. If they did run, their effects run again, and only what the ledgers still hold is not repeated',
  false,
] as const;

const several = (config: Config, outbox: string | undefined) => outbox === undefined && outboxesOf(config()).length > 1;

/** `nova dead-letters list | groups | show | amend | discard | requeue`, `nova requeue` */
export function addDeadLetterCommands(program: Command, config: Config, incomplete: Incomplete): void {
  const desk = program.command('dead-letters').description('rows given up: look at them, correct, discard, requeue');
  addLooking(desk, config, incomplete);
  addActing(desk, config, incomplete);
  program
    .command('requeue <event-id...>')
    .description('make dead-lettered rows pending again, their attempts forgotten')
    .option(...neverRanOption)
    .option('--reason <text>', 'why, kept with the act')
    .option(...outboxOption)
    .option('--json')
    .action(async (ids: string[], options: Common & { neverRan: boolean; reason?: string }) => {
      checkedIds(ids);
      const { done, away } = await withConnections(config(), (of) => requeueAnywhere(of, ids, options), options.outbox);
      print.requeued(done, options.json ?? false);
      if (done.requeued.length < ids.length) process.exitCode = 1;
      incomplete(away);
    });
}

function addLooking(desk: Command, config: Config, incomplete: Incomplete): void {
  desk
    .command('list', { isDefault: true })
    .description('the newest, one by one')
    .option(...codeOption)
    .option('--limit <n>', 'at most', '50')
    .option(...outboxOption)
    .option('--json')
    .action(async ({ code, limit, json, outbox }: Filtered) => {
      const options = { limit: limitFrom(limit), ...(code === undefined ? {} : { code: codeFrom(code) }) };
      const { letters, away } = await withConnections(config(), (of) => deadLettersOf(of.outboxes, options), outbox);
      print.deadLetters(letters, json ?? false, several(config, outbox));
      incomplete(away);
    });
  desk
    .command('groups')
    .description('those that failed alike, by outbox, code, type and the shape of the reason; the largest groups first')
    .option(...codeOption)
    .option(...typeOption)
    .option('--limit <n>', 'groups at most', '50')
    .option(...outboxOption)
    .option('--json')
    .action(async ({ code, type, limit, json, outbox }: Filtered) => {
      const filter = { limit: limitFrom(limit), ...chosen({ code, type }) };
      const { groups, away } = await withConnections(config(), (of) => groupsOf(of.outboxes, filter), outbox);
      print.letterGroups(groups, json ?? false, several(config, outbox));
      incomplete(away);
    });
  desk
    .command('show <event-id>')
    .description('everything that is known of one, and what people have done with it')
    .option('--payload', 'its payload too: with the role of the desk, and written down')
    .option('--reason <text>', 'with --payload: why you read it')
    .option(...outboxOption)
    .option('--json')
    .action(async (id: string, options: Common & ShowLetterOptions) => {
      checkedIds([id]);
      incomplete(await withConnections(config(), (of) => showLetterCommand(of, id, options), options.outbox));
    });
}

function addActing(desk: Command, config: Config, incomplete: Incomplete): void {
  const list = (value: string, before: string[] | undefined) => [...(before ?? []), value];
  desk
    .command('amend <event-id>')
    .description('correct the payload of one that was never started; without --set or --file in EDITOR')
    .option('--set <path=value>', 'a field, as JSON or text; may be repeated', list)
    .option('--unset <path>', 'take a field out; may be repeated', list)
    .option('--file <path>', 'the whole payload as JSON; -: from the standard input')
    .requiredOption('--reason <text>', 'why, kept with the act')
    .option('--requeue', 'and make it pending again')
    .option('--yes', 'do not ask', false)
    .option('--json', 'one object; does not ask, needs --yes to change anything')
    .option(...outboxOption)
    .action(async (id: string, options: Common & AmendOptions) => {
      checkedIds([id]);
      incomplete(await withConnections(config(), (of) => amendCommand(of, id, options), options.outbox));
    });
  desk
    .command('discard <event-id...>')
    .description('take dead letters out for good; what they held back goes on without them')
    .requiredOption('--reason <text>', 'why, kept with the act')
    .option('--yes', 'do not ask', false)
    .option('--json', 'one object: plan, refused, discarded; does not ask, needs --yes to discard anything')
    .option(...outboxOption)
    .action(async (ids: string[], options: Common & DiscardOptions) => {
      checkedIds(ids);
      incomplete(await withConnections(config(), (of) => discardCommand(of, ids, options), options.outbox));
    });
  desk
    .command('requeue')
    .description('make all pending again that failed alike, in the order in which they were written')
    .option(...codeOption)
    .option(...typeOption)
    .option('--limit <n>', 'at most, the oldest', '1000')
    .option('--per-second <n>', 'so many a second', '100')
    .option('--reason <text>', 'why, kept with the act')
    .option('--yes', 'do not ask', false)
    .option('--json', 'one object: plan, requeued; does not ask, needs --yes to requeue anything')
    .option(...outboxOption)
    .action(async ({ code, type, ...rest }: Common & RequeueFilterOptions) => {
      const options = { ...rest, ...chosen({ code, type }) };
      incomplete(await withConnections(config(), (of) => requeueByFilter(of, options, progressLine), options.outbox));
    });
}

/** What is chosen by, checked. */
const chosen = ({ code, type }: { readonly code?: string | undefined; readonly type?: string | undefined }) => ({
  ...(code === undefined ? {} : { code: codeFrom(code) }),
  ...(type === undefined ? {} : { type }),
});

function progressLine(done: number, of: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${of} requeued${done === of ? '\n' : ''}`);
}
