import { rowOfEvent } from '../../outbox/operators.sql';
import { databaseNowMs } from '../../runtime/postgres';
import { type OpenFinding, openFindingsOf } from '../audit/audit-findings';
import { type Connections } from '../connections';
import { type EventHold, holdOf } from '../dead-letters/held-aggregates';
import { type OutboxAway, askEach } from '../outboxes';
import { type RunStory, runStory } from './run-story';

const deliveries = `
  SELECT recipient_id, channel, kind, state, reason, attempts, sent_at FROM nova.notification_deliveries WHERE event_id = $1 ORDER BY channel, recipient_id LIMIT 50`;

export type StoryRow = Readonly<Record<string, unknown>> & { readonly outbox: string };

export interface EventStory {
  /** The outbox of the row, and its columns but the payload. */
  readonly row: StoryRow;
  /** Rows of the same id that are not this one: an id written twice, in one outbox or in several. */
  readonly otherRows: readonly StoryRow[];
  /** The dead letter that holds it back, or what it holds back itself. */
  readonly hold: EventHold | null;
  /** Its newest run. Null: Temporal knows none, or could not be asked. */
  readonly workflow: RunStory | null;
  /** Why Temporal could not be asked, so that `workflow` is null; null: it was asked. */
  readonly temporalFailed: string | null;
  readonly deliveries: readonly Record<string, unknown>[];
  /** What the audit has against it. */
  readonly findings: readonly OpenFinding[];
}

/** What was found of an event, and which outboxes could not be asked for it. */
export interface FoundStory {
  /** Null: no outbox that could be asked has such a row. */
  readonly story: EventStory | null;
  readonly away: readonly OutboxAway[];
}

/** Everything known of one event: its row, its workflow and what that waits for, its deliveries. */
export async function eventStory(
  { pool, outboxes, workflows }: Pick<Connections, 'pool' | 'outboxes' | 'workflows'>,
  id: string,
): Promise<FoundStory> {
  const { said, away } = await askEach(outboxes, async (database) => {
    const { rows } = await database.query<Record<string, unknown>>(rowOfEvent, [id]);
    return { rows, hold: rows.length === 0 ? null : await holdOf(database, id) };
  });
  const holders = said.filter(({ value }) => value.rows.length > 0);
  if (holders.length === 0) return { story: null, away };
  const { runsOutbox, ...run } = await runStory(workflows, id, await databaseNowMs(pool));
  const first = holders.find(({ outbox }) => outbox === runsOutbox) ?? holders.find(hasStarted) ?? holders[0]!;
  const rows = [first, ...holders.filter((one) => one !== first)].flatMap(({ outbox, value }) =>
    value.rows.map((row): StoryRow => ({ outbox, ...row })),
  );
  return {
    story: {
      row: rows[0]!,
      otherRows: rows.slice(1),
      hold: first.value.hold,
      ...run,
      deliveries: (await pool.query<Record<string, unknown>>(deliveries, [id])).rows,
      findings: await openFindingsOf(pool, id),
    },
    away,
  };
}

function hasStarted({ value }: { readonly value: { readonly rows: readonly Record<string, unknown>[] } }): boolean {
  return value.rows.some((row) => row['published_at'] !== null);
}
