import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { type ClaimRequest, type ClaimedRow, type Settlement } from '../../outbox-bridge/ports';
import { PgOutboxStore } from '../../outbox-bridge/pg-outbox-store';
import { type TestDatabase, createTestDatabase } from '../support/database';
import { ModelPostgres, newRow } from './model-postgres';
import { kinds } from './plan';

const hourMs = 3_600_000;
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => database.drop());

type Step =
  | { readonly do: 'insert'; readonly aggregate: number; readonly priority: number }
  | {
      readonly do: 'claim';
      readonly lanes: [number, number, number, number];
      readonly floor: number;
      readonly heads: number;
      readonly maxRows: number;
      readonly paused: readonly number[];
    }
  | { readonly do: 'settle'; readonly rows: readonly { pick: number; kind: Settlement['kind']; counts: boolean }[] }
  /** Hours pass; the half keeps clear of the milliseconds that pass meanwhile on the real server. */
  | { readonly do: 'wait'; readonly hours: number }
  /** The server's clock is set back; then everything is claimed: what a sleep was begun with is worth nothing any more. */
  | { readonly do: 'setBack'; readonly hours: number };

const everything: Extract<Step, { do: 'claim' }> = {
  do: 'claim',
  lanes: [9, 9, 9, 9],
  floor: 1,
  heads: 9,
  maxRows: 99,
  paused: [],
};

/** A row that three claims left without an end stands behind another of its lane, and the lane may have one. */
const suspectBehindItsLane: Step[] = [
  { do: 'insert', aggregate: 0, priority: 3 },
  { do: 'insert', aggregate: 1, priority: 3 },
  ...[0, 2, 4].flatMap((pick): Step[] => [
    everything,
    { do: 'settle', rows: [{ pick, kind: 'released', counts: false }] },
    { do: 'wait', hours: 4 },
  ]),
  { do: 'claim', lanes: [0, 0, 0, 1], floor: 0, heads: 2, maxRows: 2, paused: [] },
];

/** The clock goes back behind a back-off, and further behind a lease; of the row that three claims left, the back-off holds. */
const suspectBehindItsBackOff: Step[] = [
  { do: 'insert', aggregate: 0, priority: 0 },
  { do: 'setBack', hours: 1 },
  { do: 'settle', rows: [{ pick: 0, kind: 'failed', counts: false }] },
  { do: 'wait', hours: 1 },
  everything,
  { do: 'insert', aggregate: 1, priority: 0 },
  { do: 'wait', hours: 2 },
  { ...everything, heads: 1, maxRows: 1 },
  { do: 'setBack', hours: 1 },
  { do: 'setBack', hours: 2 },
];

const few = fc.integer({ min: 0, max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('insert' as const), aggregate: few, priority: fc.nat(3) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('claim' as const),
      lanes: fc.tuple(few, few, few, few),
      floor: fc.nat(2),
      heads: fc.nat(6),
      maxRows: fc.nat(14),
      leaseHours: fc.integer({ min: 1, max: 3 }),
      paused: fc.subarray([0, 1, 2, 3], { maxLength: 1 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      rows: fc.array(
        fc.record({
          pick: fc.nat(),
          kind: fc.constantFrom<Settlement['kind']>('started', 'failed', 'dead-lettered', 'released', 'released'),
          counts: fc.boolean(),
        }),
        { maxLength: 6 },
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('setBack' as const), hours: fc.integer({ min: 1, max: 4 }) }) },
);

/** The model and the real server side by side, through the same steps. */
class Pair {
  private nowMs = 0;
  readonly model = new ModelPostgres(() => this.nowMs);
  private readonly store = new PgOutboxStore(database.pool);
  private readonly claimed: ClaimedRow[] = [];

  private wasSetBack = false;

  constructor(private readonly leaseHours: number) {}

  async take(step: Step): Promise<void> {
    if (step.do === 'insert') await this.insert(step.aggregate, step.priority);
    else if (step.do === 'claim') await this.claim(step);
    else if (step.do === 'settle') await this.settle(step.rows);
    else if (step.do === 'wait')
      await this.wait((step.hours + 0.37) * hourMs); // no sum of waits ends where a lease ends
    else {
      await this.wait(-(step.hours + 0.29) * hourMs);
      this.wasSetBack = true;
      await this.claim(everything);
    }
  }

  private async insert(aggregate: number, priority: number): Promise<void> {
    const [id, aggregateId] = [randomUUID(), `00000002-0000-4000-8000-00000000000${aggregate}`];
    const eventType = kinds[priority]!;
    const { rows } = await database.pool.query<{ sequence: number; created_at: string; ms: number }>(
      `INSERT INTO outbox_events (id, aggregate_id, event_type, payload, priority, aggregate_type)
       VALUES ($1, $2, $3, '{}', $4, 'simulated')
       RETURNING sequence, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
         (extract(epoch FROM created_at) * 1000)::bigint AS ms`,
      [id, aggregateId, eventType, priority],
    );
    const { sequence, created_at: createdAt, ms: createdAtMs } = rows[0]!;
    const given = { id, aggregateId, eventType, payload: {}, payloadBytes: 2, createdAt, createdAtMs };
    this.model.insert(newRow({ ...given, sequence, priority }));
  }

  private async claim(step: Extract<Step, { do: 'claim' }>): Promise<void> {
    const request: ClaimRequest = {
      token: randomUUID(),
      leaseMs: this.leaseHours * hourMs,
      lanes: { perPriority: step.lanes, floor: step.floor, heads: step.heads },
      maxRows: step.maxRows,
      pausedSpellings: step.paused.map((kind) => kinds[kind]!),
    };
    const real = await this.store.claim(request);
    const model = this.model.claim(request, new Set(real.map(({ id }) => id)));
    const plain = (rows: readonly ClaimedRow[]) =>
      rows
        .map((row) => ({ ...row, claimMs: 0, firstAttemptAgeMs: Math.floor(row.firstAttemptAgeMs / hourMs) }))
        .sort((a, b) => a.sequence - b.sequence);
    expect(plain(real)).toEqual(plain(model));
    this.claimed.push(...model);
  }

  private async settle(picks: Extract<Step, { do: 'settle' }>['rows']): Promise<void> {
    const settlements = new Map<string, Settlement>();
    for (const { pick, kind, counts } of picks) {
      // Any claim ever made, whether it still holds the row or not.
      const row = this.claimed[pick % Math.max(1, this.claimed.length)];
      if (row === undefined) continue;
      const error = 'START_REFUSED: no';
      if (kind === 'failed') settlements.set(row.id, { kind, row, error, countsAttempt: counts, delayMs: hourMs });
      else if (kind === 'dead-lettered') settlements.set(row.id, { kind, row, error, countsAttempt: counts });
      else settlements.set(row.id, { kind, row });
    }
    const list = [...settlements.values()];
    expect(await this.store.settle(list)).toBe(this.model.settle(list));
  }

  private async wait(ms: number): Promise<void> {
    this.nowMs += ms;
    await database.pool.query(
      `UPDATE outbox_events SET lease_until = lease_until - $1 * interval '1 ms',
         next_attempt_at = next_attempt_at - $1 * interval '1 ms', first_attempt_at = first_attempt_at - $1 * interval '1 ms'`,
      [ms],
    );
  }

  async compareTables(): Promise<void> {
    const { rows } = await database.pool.query<Record<string, unknown>>(
      `SELECT id, claim_count, unfinished_claims, retry_count, lease_token, last_error,
         published_at IS NOT NULL AS started, dead_lettered_at IS NOT NULL AS dead,
         lease_until > clock_timestamp() AS leased, next_attempt_at > clock_timestamp() AS waits
       FROM outbox_events ORDER BY sequence`,
    );
    const model = [...this.model.rows.values()].map((row) => ({
      id: row.id,
      claim_count: row.claimCount,
      unfinished_claims: row.unfinishedClaims,
      retry_count: row.retryCount,
      lease_token: row.leaseToken ?? null,
      last_error: row.lastError ?? null,
      started: row.publishedAt !== undefined,
      dead: row.deadLetteredAt !== undefined,
      leased: row.leaseUntil === undefined ? null : row.leaseUntil > this.nowMs,
      waits: row.nextAttemptAt > this.nowMs,
    }));
    expect(rows).toEqual(model);
  }

  /** Every aggregate with a pending row has its head, at its first pending row, asleep or ready as that row is; no other has. */
  async compareHeads(): Promise<void> {
    const { rows } = await database.pool.query<Record<string, unknown>>(
      `SELECT aggregate_id, sequence, lane, event_type, unfinished_claims, coalesce(wake_at > clock_timestamp(), false) AS asleep
       FROM outbox_heads ORDER BY sequence`,
    );
    const first = new Map(
      this.model
        .pending()
        .reverse()
        .map((row) => [row.aggregateId, row]),
    );
    const model: Record<string, unknown>[] = [...first.values()]
      .sort((a, b) => a.sequence - b.sequence)
      .map((row) => ({
        aggregate_id: row.aggregateId,
        sequence: row.sequence,
        lane: row.priority,
        event_type: row.eventType,
        unfinished_claims: row.unfinishedClaims,
        asleep: Math.max(row.nextAttemptAt, row.leaseUntil ?? -Infinity) > this.nowMs,
      }));
    // A sleep that a clock set back has made too long is over for the claim, whatever the row says.
    if (this.wasSetBack) for (const head of [...rows, ...model]) head['asleep'] = undefined;
    expect(rows).toEqual(model);
  }
}

describe('the model of PostgreSQL', () => {
  it('replies to every sequence of inserts, claims, settlements and waits as the real server does', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: 40, size: 'max' }),
        fc.integer({ min: 1, max: 3 }),
        async (steps, leaseHours) => {
          await database.pool.query('TRUNCATE outbox_events');
          const pair = new Pair(leaseHours);
          for (const next of steps) await pair.take(next);
          await pair.compareTables();
          await pair.compareHeads();
        },
      ),
      {
        numRuns: 60,
        // A slow machine sees fewer sequences. One that has seen none when the time is over fails, so it is long.
        interruptAfterTimeLimit: 240_000,
        examples: [
          [suspectBehindItsLane, 1],
          [suspectBehindItsBackOff, 1],
        ],
      },
    );
  }, 900_000);
});
