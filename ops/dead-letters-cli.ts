import { type Command } from 'commander';
import { type ConfigOf } from '../runtime/config';
import { outboxesOf } from '../runtime/outboxes';
import { type opsSettings, withConnections } from './connections';
import { deadLettersOf } from './dead-letters';
import { checkedIds, codeFrom, limitFrom } from './option-values';
import { type OutboxAway } from './outboxes';
import { print } from './print';
import { requeueAnywhere } from './requeue-anywhere';

type Config = () => ConfigOf<typeof opsSettings>;
type Incomplete = (away: readonly OutboxAway[]) => void;

interface Common {
  readonly outbox?: string;
  readonly json?: boolean;
}

const outboxOption = ['--outbox <name>', 'only this outbox (OUTBOXES); left out: all'] as const;

/** `ops dead-letters`, `ops requeue` */
export function addDeadLetterCommands(program: Command, config: Config, incomplete: Incomplete): void {
  program
    .command('dead-letters')
    .description('rows given up, newest first')
    .option('--code <code>', 'only this failure code (docs/failures.md)')
    .option('--limit <n>', 'at most', '50')
    .option(...outboxOption)
    .option('--json')
    .action(async ({ code, limit, json, outbox }: Common & { code?: string; limit: string }) => {
      const options = { limit: limitFrom(limit), ...(code === undefined ? {} : { code: codeFrom(code) }) };
      const { letters, away } = await withConnections(config(), (of) => deadLettersOf(of.outboxes, options), outbox);
      print.deadLetters(letters, json ?? false, outbox === undefined && outboxesOf(config()).length > 1);
      incomplete(away);
    });
  program
    .command('requeue <event-id...>')
    .description('make dead-lettered rows pending again, their attempts forgotten')
    .option(
      '--never-ran',
      'you have checked that Temporal never ran them: needed when it would have forgotten by now. If they did run, their effects run again, and only what the ledgers still hold is not repeated',
      false,
    )
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
