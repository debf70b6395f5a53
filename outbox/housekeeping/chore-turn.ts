import { randomUUID } from 'node:crypto';
import { type Database } from '../../runtime/postgres';

/** A lease or a due time further ahead than any that is given was written before the clock was set back. */
const take = `
  INSERT INTO nova.chores AS c (name, holder, token, lease_until, last_began_at)
  VALUES ($1, $2, $3, clock_timestamp() + make_interval(secs => $4), clock_timestamp())
  ON CONFLICT (name) DO UPDATE
    SET holder = excluded.holder, token = excluded.token, lease_until = excluded.lease_until, last_began_at = excluded.last_began_at
    WHERE (c.lease_until < clock_timestamp() OR c.lease_until > clock_timestamp() + make_interval(secs => $4))
      AND ($5 OR c.due_at <= clock_timestamp() OR c.due_at > clock_timestamp() + interval '1 day')`;

const renew = `
  UPDATE nova.chores SET lease_until = clock_timestamp() + make_interval(secs => $3)
  WHERE name = $1 AND token = $2 AND lease_until >= clock_timestamp()`;

const end = `
  UPDATE nova.chores SET holder = NULL, token = NULL, lease_until = '-infinity',
    due_at = clock_timestamp() + make_interval(secs => $3), last_error = $4, report = coalesce($5::jsonb, report),
    last_done_at = CASE WHEN $4::text IS NULL THEN clock_timestamp() ELSE last_done_at END
  WHERE name = $1 AND token = $2`;

/** Longer than any single step of a chore. After it another process takes over from one that died. */
const turnLeaseSeconds = 600;

/** Another process has the chore now: this process must do nothing more of it. */
export class TurnLost extends Error {
  constructor(chore: string) {
    super(`the turn at ${chore} has passed to another process`);
  }
}

/**
 * The right to do a chore, held by one process at a time: a row with a lease on the database's clock, which works behind a
 * pooler in transaction mode. It only saves work. A chore must be safe without it: a process that was frozen may
 * believe that its turn goes on when it is over.
 */
export class ChoreTurn {
  private constructor(
    private readonly database: Database,
    private readonly chore: string,
    private readonly token: string,
  ) {}

  /** Takes the turn when no process has it and it is due, or not due but `asked` for; undefined otherwise. */
  static async take(
    database: Database,
    chore: string,
    { holder, asked }: { holder: string; asked: boolean },
  ): Promise<ChoreTurn | undefined> {
    const token = randomUUID();
    const { rowCount } = await database.query(take, [chore, holder, token, turnLeaseSeconds, asked]);
    return rowCount === 1 ? new ChoreTurn(database, chore, token) : undefined;
  }

  /** @throws TurnLost when the lease ended: another may have begun */
  async renew(): Promise<void> {
    const { rowCount } = await this.database.query(renew, [this.chore, this.token, turnLeaseSeconds]);
    if (rowCount !== 1) throw new TurnLost(this.chore);
  }

  /** Ends the turn and says when the next is due. Nothing happens when it was lost. */
  async end(outcome: { nextInSeconds: number; error?: string; report?: unknown }): Promise<void> {
    const report = outcome.report === undefined ? null : JSON.stringify(outcome.report);
    await this.database.query(end, [this.chore, this.token, outcome.nextInSeconds, outcome.error ?? null, report]);
  }
}
