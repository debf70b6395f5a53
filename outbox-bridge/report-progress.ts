import { definitionOf } from '../contracts/catalogue';
import { type ContentType } from '../contracts/events/consequences';
import { type Domain } from '../contracts/events/define';
import { typesThatCreate } from '../contracts/consequences';
import { limits } from '../contracts/time-budgets';
import * as sql from '../outbox/progress.sql';
import { limitedQuery } from '../runtime/limited-query';
import { type Database } from '../runtime/postgres';

/** Milliseconds between two reports. */
export const reportEveryMs = limits.progress.everyMs;

const patience = { serverMs: 4_000, waitMs: 5_000 };

/** Read no further than this: with more under way, how far the outbox is stays what it was. */
const readTo = 10_000;

const contentTypes: readonly ContentType[] = ['post', 'message', 'comment'];

/**
 * Reports how far an outbox is: for each type of content that its domains create, the instant before which every event that
 * creates such content is on Kafka or given up; without end where these domains were moved to another outbox. Notices whose owner is unknown wait for that, and look into no outbox
 * (docs/decisions/0020-facts-between-services.md).
 */
export async function reportProgress(
  { outbox, state }: { readonly outbox: Database; readonly state: Database },
  { outboxName, domains }: { readonly outboxName: string; readonly domains: readonly Domain[] },
  upTo = readTo,
): Promise<void> {
  const created = contentTypes.filter((contentType) => typesThatCreate(contentType, domains).length > 0);
  if (created.length === 0) return;
  const marks = await marksOf(outbox, upTo);
  const gone = new Set(
    (await limitedQuery<{ type: string }>(outbox, { text: sql.typesGone, values: [] }, patience)).rows.map(
      ({ type }) => type,
    ),
  );
  const isGone = (contentType: ContentType) => typesThatCreate(contentType, domains).every((type) => gone.has(type));
  const markOf = (contentType: ContentType) => {
    const { doneBefore, isUnderWay } = marks(contentType);
    return doneBefore !== null && !isUnderWay && isGone(contentType) ? 'infinity' : doneBefore;
  };
  const values = [outboxName, created, created.map(markOf), reportEveryMs / 2, limits.progress.keepMs];
  await limitedQuery(state, { text: sql.noteProgress, values }, patience);
}

interface UnderWay {
  readonly upTo: string;
  readonly eventType: string | null;
  readonly oldest: string | null;
  readonly rows: number | null;
}

interface Mark {
  /** RFC 3339; null: too much is under way to know. */
  readonly doneBefore: string | null;
  readonly isUnderWay: boolean;
}

/** The mark of each type of content. */
async function marksOf(outbox: Database, upTo: number): Promise<(contentType: ContentType) => Mark> {
  const { rows } = await limitedQuery<UnderWay>(outbox, { text: sql.underWay, values: [upTo + 1] }, patience);
  const read = rows.reduce((sum, row) => sum + (row.rows ?? 0), 0);
  return (contentType) => {
    if (read > upTo) return { doneBefore: null, isUnderWay: true };
    const oldest = rows.flatMap(({ eventType, oldest: first }) =>
      first !== null && definitionOf(eventType ?? '')?.creates?.contentType === contentType ? [first] : [],
    );
    const [first] = oldest.sort();
    return { doneBefore: first ?? rows[0]?.upTo ?? null, isUnderWay: first !== undefined };
  };
}
