import { type Command } from 'commander';
import { type Pool } from 'pg';
import { noteOnDeadLetter, otherHolds, releaseHold as release, rowOfHold } from '../../outbox/operators.sql';
import { type ConfigOf } from '../../runtime/config';
import { type OutboxPools } from '../../runtime/outbox-pools';
import { type Act, actOf, doing } from '../acts/acts';
import { mayGo } from '../terminal/confirm';
import { type Connections, type opsSettings, withConnections } from '../connections';
import { type EventHold, holdOf, holdText } from './held-aggregates';
import { type OutboxAway, locate, noRowText } from '../outboxes';
import { checkedIds, outboxOption } from '../terminal/option-values';

interface ReleasePlan {
  readonly outbox: string;
  readonly id: string;
  readonly eventType: string;
  readonly aggregateId: string;
  readonly lastError: string | null;
  readonly hold: EventHold;
  /** Other dead letters that hold the same aggregate, at most ten: what follows them goes on waiting. */
  readonly alsoHeldBy: readonly string[];
}

/** What a release would let pass; or, as text, why there is nothing to release. */
async function planRelease(outboxes: OutboxPools, outbox: string, id: string): Promise<ReleasePlan | string> {
  const pool = outboxes.of({ outbox });
  type Row = Pick<ReleasePlan, 'eventType' | 'aggregateId' | 'lastError'>;
  const found = (await pool.query<Row>(rowOfHold, [id])).rows[0];
  if (found === undefined) return `no outbox row ${id}: it was never committed, or its partition is gone`;
  const hold = await holdOf(pool, id);
  if (hold === null) return `${id} holds nothing back`;
  if (hold.waitsFor !== null) return `${id} holds nothing back: it ${holdText(hold)}`;
  if (!hold.isItself) return `${id} holds nothing back: it waits itself for the dead letter ${hold.id}`;
  const others = await pool.query<{ id: string }>(otherHolds, [id]);
  return { outbox, id, ...found, hold, alsoHeldBy: others.rows.map((other) => other.id) };
}

/** Lets pass what the dead letter holds back; it stays one. False: another person was quicker, or it was requeued. */
async function releaseHold(pool: Pool, id: string, act: Act): Promise<boolean> {
  return doing(pool, act, async (database) => {
    const { released } = (await database.query<{ released: boolean }>(release, [id])).rows[0] ?? { released: false };
    const why = act.reason === null ? '' : `: ${act.reason.slice(0, 300)}`;
    if (released)
      await database.query(noteOnDeadLetter, [id, `; hold released ${new Date().toISOString()} by ${act.actor}${why}`]);
    return { value: released, ids: released ? [id] : [] };
  });
}

interface ReleaseOptions {
  readonly outbox?: string;
  readonly reason?: string;
  readonly yes: boolean;
  readonly json?: boolean;
}

/**
 * Plans, asks (or takes --yes), and releases. Exit code 1 when nothing was released. Returns the outboxes that could not be
 * asked.
 */
async function releaseCommand(
  { outboxes, actor }: Pick<Connections, 'outboxes' | 'actor'>,
  id: string,
  { reason, yes, json }: ReleaseOptions,
): Promise<readonly OutboxAway[]> {
  const { ids, refused: twice, away } = await locate(outboxes, [id]);
  const [outbox] = ids.keys();
  const plan =
    outbox === undefined ? `${id}: ${twice[0]?.why ?? noRowText(away)}` : await planRelease(outboxes, outbox, id);
  const refused = typeof plan === 'string' ? plan : null;
  if (json !== true) console.log(typeof plan === 'string' ? plan : planText(plan));
  const go = refused === null && (await mayGo('let them pass without it?', { yes, json }));
  const act = actOf({ actor, command: 'release-hold', reason, planned: 1 });
  const released = go && (await releaseHold(outboxes.of({ outbox }), id, act));
  if (json === true) console.log(JSON.stringify({ plan: refused === null ? plan : null, refused, released }));
  else if (released) console.log(`released: what follows ${id} goes on; the dead letter stays one`);
  else if (go) console.log('nothing was released: it was requeued or released meanwhile');
  if (!released) process.exitCode = 1;
  return away;
}

function planText({ id, eventType, aggregateId, lastError, hold, alsoHeldBy }: ReleasePlan): string {
  return [
    `${id} (${eventType}) is a dead letter: ${lastError ?? 'no reason'}`,
    `it holds back ${hold.waiting} rows of aggregate ${aggregateId} since ${hold.since.toISOString()}`,
    'released, they run without it, and it cannot run before them any more: requeue it instead where their order matters',
    ...alsoHeldBy.map((other) => `what follows ${other} goes on waiting for that dead letter`),
  ].join('\n');
}

/** `nova release-hold` */
export function addReleaseHoldCommand(
  program: Command,
  config: () => ConfigOf<typeof opsSettings>,
  incomplete: (away: readonly OutboxAway[]) => void,
): void {
  program
    .command('release-hold <event-id>')
    .description('let pass what a dead letter holds back in its aggregate; the dead letter stays one')
    .option('--reason <text>', 'why, kept with the dead letter')
    .option('--yes', 'do not ask', false)
    .option('--json', 'one object: plan, refused, released; does not ask, needs --yes to release anything')
    .option(...outboxOption)
    .action(async (id: string, options: ReleaseOptions) => {
      checkedIds([id]);
      incomplete(await withConnections(config(), (of) => releaseCommand(of, id, options), options.outbox));
    });
}
