import { type Command } from 'commander';
import { type ConfigOf } from '../../runtime/config';
import { durationMs } from '../audit/audit';
import { columnLines } from '../terminal/columns';
import { type opsSettings, withConnections } from '../connections';
import { type ActOfPerson, listActs } from './list-acts';
import { limitFrom } from '../terminal/option-values';
import { type OutboxAway } from '../outboxes';

interface ActsOptions {
  readonly since: string;
  readonly of?: string;
  readonly limit: string;
  readonly outbox?: string;
  readonly json?: boolean;
}

/** `nova acts` */
export function addActsCommand(
  program: Command,
  config: () => ConfigOf<typeof opsSettings>,
  incomplete: (away: readonly OutboxAway[]) => void,
): void {
  program
    .command('acts')
    .description('what people have done with these tools, newest first: who, when, why, what')
    .option('--since <duration>', 'how far to look back: 90m, 24h, 7d', '7d')
    .option('--of <id>', 'whatever was done with this: an event, a delivery, a user; however long ago')
    .option('--limit <n>', 'at most', '50')
    .option('--outbox <name>', 'only this outbox (OUTBOXES) and State; left out: all')
    .option('--json')
    .action(async ({ since, of: id, limit, outbox, json }: ActsOptions) => {
      const most = limitFrom(limit);
      const wanted =
        id === undefined ? { sinceMs: durationMs(since), limit: most } : { id: id.toLowerCase(), limit: most };
      const { acts, away } = await withConnections(config(), (of) => listActs(of, wanted), outbox);
      console.log(json === true ? JSON.stringify(acts) : actsText(acts));
      incomplete(away);
    });
}

function actsText(acts: readonly ActOfPerson[]): string {
  if (acts.length === 0) return 'no acts';
  return columnLines([
    ['AT', 'WHO', 'COMMAND', 'DONE', 'WHY', 'WHAT'],
    ...acts.map((act) => [
      ...[act.at.toISOString(), `${act.actor} (${act.login}, ${act.host})`, act.command, doneText(act)],
      ...[act.reason ?? '–', whatText(act)],
    ]),
  ]).join('\n');
}

const doneText = ({ done, planned }: ActOfPerson): string => {
  if (done === null) return planned === 0 ? 'end not known' : `end not known, of ${planned}`;
  // A whole that was not counted before: all feeds.
  return done === planned || planned === 0 ? String(done) : `${done} of ${planned}`;
};

const shown = 3;

function whatText({ ids, details, in: places }: ActOfPerson): string {
  const more = ids.length > shown ? ` and ${ids.length - shown} more` : '';
  const rest = Object.keys(details).length === 0 ? '' : JSON.stringify(details);
  const where = places.some((place) => place !== 'main') ? `in ${places.join(', ')}` : '';
  return [`${ids.slice(0, shown).join(', ')}${more}`, rest, where].filter((text) => text !== '').join(' ');
}
