import { type Deleted } from '../../client/signal-deleted';
import { type Domain } from '../../contracts/events/define';
import { didYouMean } from '../../contracts/near-words';
import { mayWriteDomain, startedOfAggregate } from '../../outbox/operators.sql';
import { type Connections } from '../connections';
import { type OutboxAway, askEach } from '../outboxes';

export type Subject = Deleted['aggregateType'];

/** Whose delete can be signalled, and the domain whose service deletes it. */
const owners: Readonly<Record<Subject, Domain>> = { post: 'content', message: 'message', user: 'identity' };
const subjects = Object.keys(owners) as Subject[];

/** What a person typed. @throws Error that says what can be signalled */
export function subjectFrom(text: string): Subject {
  const subject = subjects.find((one) => one === text);
  if (subject !== undefined) return subject;
  const instead = ['media', 'upload'].includes(text)
    ? 'an upload goes with its post: signal that'
    : 'anything else is taken back by the event of its delete alone';
  throw new Error(
    `there is no signal for the delete of a ${text}${didYouMean(text, subjects)}: ${subjects.join(', ')}; ${instead}`,
  );
}

/** One subject, and what a signal of its delete would meet. */
export interface PlannedSignal {
  readonly id: string;
  readonly aggregateId: string;
  /** Whose service deletes it; null: none that could be asked. */
  readonly outbox: string | null;
  /** Its runs that are open, of the newest fifty events: each gets the signal. */
  readonly open: readonly { readonly id: string; readonly eventType: string }[];
  /** It is held back already, by an earlier signal, until then. */
  readonly heldUntil: Date | null;
  /** Why nothing is signalled; null: it can be. */
  readonly refused: string | null;
}

interface Stone {
  readonly final: boolean;
  readonly createdAt: Date;
  readonly heldUntil: Date | null;
}

const stoneOf = `
  SELECT final, created_at AS "createdAt", CASE WHEN nova.tombstone_holds(held_until) THEN held_until END AS "heldUntil"
  FROM nova.tombstones WHERE subject_type = $1 AND subject_id = $2`;

/** What the signal would do. Changes nothing. @param conversation of messages: what their events are about */
export async function planSignals(
  connections: Connections,
  subject: Subject,
  { ids, conversation }: { readonly ids: readonly string[]; readonly conversation: string | undefined },
): Promise<{ readonly plans: readonly PlannedSignal[]; readonly away: readonly OutboxAway[] }> {
  const plans: PlannedSignal[] = [];
  const away = new Map<string, OutboxAway>();
  for (const id of new Set(ids.map((one) => one.toLowerCase()))) {
    const found = await planSignal(connections, subject, { id, aggregateId: (conversation ?? id).toLowerCase() });
    plans.push(found.plan);
    for (const one of found.away) away.set(one.outbox, one);
  }
  return { plans, away: [...away.values()] };
}

async function planSignal(
  { pool, outboxes, isOpen }: Connections,
  subject: Subject,
  { id, aggregateId }: Pick<PlannedSignal, 'id' | 'aggregateId'>,
): Promise<{ readonly plan: PlannedSignal; readonly away: readonly OutboxAway[] }> {
  const { said, away } = await askEach(outboxes, async (database) => {
    const { rows } = await database.query<{ may: boolean }>(mayWriteDomain, [owners[subject]]);
    const started = await database.query<PlannedSignal['open'][number]>(startedOfAggregate, [aggregateId]);
    return { may: rows[0]?.may ?? false, started: started.rows };
  });
  const may = said.filter(({ value }) => value.may);
  // A list of outboxes without `domains` lets each write all: then it belongs where its events are.
  const withEvents = may.filter(({ value }) => value.started.length > 0);
  const [place, other] = may.length > 1 && withEvents.length > 0 ? withEvents : may;
  const { rows } = await pool.query<Stone>(stoneOf, [subject, id]);
  const stone = rows[0];
  const outbox = other === undefined ? (place?.outbox ?? null) : null;
  const refused =
    stone?.final === true
      ? `it was deleted for good at ${stone.createdAt.toISOString()}`
      : other !== undefined
        ? `each of the outboxes ${may.map((one) => one.outbox).join(', ')} may delete a ${subject}: name one with --outbox`
        : place === undefined
          ? `no outbox that replies may delete a ${subject}`
          : null;
  const started = refused === null ? (place?.value.started ?? []) : [];
  const isRunning = await Promise.all(started.map((event) => isOpen(event.id)));
  const open = started.filter((_, i) => isRunning[i]);
  return { plan: { id, aggregateId, outbox, open, heldUntil: stone?.heldUntil ?? null, refused }, away };
}
