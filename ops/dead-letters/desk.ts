import { type Pool } from 'pg';
import { amendLetter, discardLetters, hashOf, lettersWithIds, readLetter } from '../../outbox/dead-letters.sql';
import { type OutboxPools } from '../../runtime/outbox-pools';
import { type Act, actForFunction } from '../acts/acts';
import { type OutboxAway, locate, noRowText } from '../outboxes';

/** A dead letter without its payload. */
export interface Letter {
  readonly outbox: string;
  readonly id: string;
  readonly eventType: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly priority: number;
  readonly schemaVersion: number;
  readonly sequence: number;
  readonly createdAt: Date;
  readonly deadLetteredAt: Date;
  readonly publishedAt: Date | null;
  readonly firstAttemptAt: Date | null;
  readonly retryCount: number;
  readonly claimCount: number;
  readonly unfinishedClaims: number;
  readonly lastError: string | null;
  readonly started: boolean;
}

export interface Letters {
  readonly letters: readonly Letter[];
  readonly refused: readonly { readonly id: string; readonly why: string }[];
  readonly away: readonly OutboxAway[];
}

/** The dead letters of these ids, wherever they are. */
export async function lettersOfIds(outboxes: OutboxPools, ids: readonly string[]): Promise<Letters> {
  const { ids: located, refused, missing, away } = await locate(outboxes, ids);
  const letters: Letter[] = [];
  const not: { id: string; why: string }[] = [...refused];
  for (const [outbox, of] of located) {
    const { rows } = await outboxes.of({ outbox }).query<Omit<Letter, 'outbox'>>(lettersWithIds, [of]);
    for (const id of of) {
      const same = rows.filter((row) => row.id === id.toLowerCase());
      if (same.length === 0) not.push({ id, why: 'it is not a dead letter' });
      letters.push(...same.map((row) => ({ outbox, ...row })));
    }
  }
  not.push(...missing.map((id) => ({ id, why: noRowText(away) })));
  return { letters, refused: not, away };
}

const denied = '42501';

/** What the desk may do is withheld from operators: a message that says which role it takes. */
async function asDesk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const { code, message } = thrown as { code?: unknown; message?: string };
    if (code !== denied) throw thrown;
    throw new Error(
      `this login may not read, change or discard dead letters: it must be a member of the role nova_desk as well, or nova_<outbox>_desk (docs/runbook.md, Rights): ${message}`,
      { cause: thrown },
    );
  }
}

/** The payload, for a person's eyes. It is written down who reads it. */
export const readPayload = async (pool: Pool, { id, sequence }: Letter, act: Act): Promise<unknown> =>
  asDesk(async () => {
    const { rows } = await pool.query<{ payload: unknown }>(readLetter, [id, sequence, actForFunction(act)]);
    if (rows[0]?.payload == null) throw new Error(`${id} is not a dead letter any more`);
    return rows[0].payload;
  });

/** SHA-256 of a payload as PostgreSQL writes it. */
export async function payloadHash(pool: Pool, payload: unknown): Promise<string> {
  return (await pool.query<{ hash: string }>(hashOf, [JSON.stringify(payload)])).rows[0]!.hash;
}

/** False: it was amended, requeued or discarded meanwhile. */
export const writePayload = async (
  pool: Pool,
  { id, sequence }: Letter,
  { was, payload, act }: { readonly was: string; readonly payload: unknown; readonly act: Act },
): Promise<boolean> =>
  asDesk(async () => {
    const values = [id, sequence, was, JSON.stringify(payload), actForFunction(act)];
    return (await pool.query<{ amended: boolean }>(amendLetter, values)).rows[0]?.amended ?? false;
  });

/** Takes them out; returns the ids that were still dead letters. */
export const discard = async (pool: Pool, letters: readonly Letter[], act: Act): Promise<string[]> =>
  asDesk(async () => {
    const values = [letters.map(({ id }) => id), letters.map(({ sequence }) => sequence), actForFunction(act)];
    return (await pool.query<{ id: string }>(discardLetters, values)).rows.map(({ id }) => id);
  });
