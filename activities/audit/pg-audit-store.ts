import { type Pool } from 'pg';
import { type AuditReport, type FindingKind, type FoundInOutbox, notOnKafka } from '../../contracts/audit-kinds';
import { mainOutbox } from '../../contracts/outbox-name';
import { now } from '../../outbox/audit.sql';
import { query } from '../stores/pg-query';

export interface Finding {
  readonly eventId: string;
  readonly kind: FindingKind;
  /** Ids, states and times; never content. */
  readonly detail: string;
  /** Of whose event it is; left out: not known, or of no event. */
  readonly outbox?: string | undefined;
}

/** Where the last scheduled audit of an outbox ended, epoch microseconds of its database. Ahead of the clock when that was set back since. */
export interface Watermarks {
  readonly toUs: number;
  readonly recordsToUs: number | null;
}

const time = (parameter: string) => `(timestamptz 'epoch' + ${parameter}::double precision * interval '1 microsecond')`;
const isOpen = 'resolved_at IS NULL AND acknowledged_at IS NULL';

/** $1 outbox */
const marksOf = `
  SELECT (extract(epoch FROM window_to) * 1000000)::bigint AS "toUs",
         (extract(epoch FROM records_to) * 1000000)::bigint AS "recordsToUs"
  FROM nova.audit_outboxes WHERE outbox = $1`;

/** Written in place: of two audits the later one counts, whatever the clocks say. */
const keepMarks = `
  INSERT INTO nova.audit_outboxes AS a (outbox, window_to, records_to)
  SELECT outbox, ${time('window_to')}, ${time('records_to')}
  FROM unnest($1::text[], $2::float8[], $3::float8[]) AS m (outbox, window_to, records_to) ORDER BY outbox
  ON CONFLICT (outbox) DO UPDATE SET
    window_to = excluded.window_to, records_to = coalesce(excluded.records_to, a.records_to)`;

/** Of the only outbox that there was before. The last by the order of writing: times are no order when the clock is set back. */
const lastEnds = `
  SELECT (extract(epoch FROM window_to) * 1000000)::bigint AS "toUs",
         (SELECT (extract(epoch FROM records_to) * 1000000)::bigint FROM nova.audit_runs
          WHERE origin = 'schedule' AND records_to IS NOT NULL ORDER BY place DESC LIMIT 1) AS "recordsToUs"
  FROM nova.audit_runs WHERE origin = 'schedule' ORDER BY place DESC LIMIT 1`;

const openFindings = `
  SELECT event_id AS "eventId", kind, detail, outbox FROM nova.audit_findings WHERE ${isOpen} ORDER BY last_seen, event_id LIMIT $1`;

/** In the order of the key, so that two audits at once wait for each other and do not deadlock. */
const record = `
  INSERT INTO nova.audit_findings AS f (event_id, kind, detail, outbox, first_seen, last_seen)
  SELECT event_id, kind, detail, outbox, ${time('$5')}, ${time('$5')}
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS seen (event_id, kind, detail, outbox) ORDER BY event_id, kind
  ON CONFLICT (event_id, kind) DO UPDATE SET
    detail = excluded.detail,
    outbox = excluded.outbox,
    first_seen = CASE WHEN f.resolved_at IS NULL THEN f.first_seen ELSE excluded.first_seen END,
    last_seen = excluded.last_seen,
    acknowledged_at = CASE WHEN f.resolved_at IS NULL THEN f.acknowledged_at END,
    resolved_at = NULL
  WHERE f.last_seen <= excluded.last_seen AND (f.resolved_at IS NULL OR f.resolved_at < excluded.last_seen)`;

const resolve = `
  UPDATE nova.audit_findings f SET resolved_at = ${time('$3')}
  FROM (SELECT f.event_id, f.kind FROM nova.audit_findings f
        JOIN unnest($1::text[], $2::text[]) AS gone (event_id, kind) USING (event_id, kind)
        WHERE f.resolved_at IS NULL AND f.last_seen <= ${time('$3')} ORDER BY f.event_id, f.kind FOR UPDATE OF f) gone
  WHERE f.event_id = gone.event_id AND f.kind = gone.kind`;

const countOpen = `
  SELECT kind, outbox, count(*) AS count, count(*) FILTER (WHERE detail LIKE '%${notOnKafka}%') AS "notOnKafka", (array_agg(event_id ORDER BY first_seen, event_id))[1:3] AS examples
  FROM nova.audit_findings WHERE ${isOpen} GROUP BY kind, outbox ORDER BY kind, outbox`;

const close = `
  WITH old_runs AS (DELETE FROM nova.audit_runs WHERE ended_at < now() - interval '30 days'),
       old_findings AS (
         DELETE FROM nova.audit_findings WHERE last_seen < now() - interval '30 days' AND (resolved_at IS NOT NULL OR acknowledged_at IS NOT NULL))
  INSERT INTO nova.audit_runs (audit_id, origin, window_from, window_to, records_to, rows_seen, runs_seen, records_seen,
                          counts, unexplained, notes, took_ms)
  VALUES ($1, $2, $3, $4, ${time('$5')}, $6, $7, $8, $9, $10, $11, $12)
  ON CONFLICT (audit_id) DO UPDATE SET
    window_from = excluded.window_from, window_to = excluded.window_to, records_to = excluded.records_to,
    rows_seen = excluded.rows_seen, runs_seen = excluded.runs_seen, records_seen = excluded.records_seen,
    counts = excluded.counts, unexplained = excluded.unexplained, notes = excluded.notes, took_ms = excluded.took_ms,
    ended_at = clock_timestamp()`;

/** What audits keep. All methods throw NovaError DATABASE_UNAVAILABLE. */
export class PgAuditStore {
  constructor(private readonly pool: Pool) {}

  /** The clock of State's database, epoch microseconds. */
  async nowUs(): Promise<number> {
    return (await query<{ nowUs: number }>(this.pool, now, [])).rows[0]?.nowUs ?? NaN;
  }

  async watermarks(outbox: string): Promise<Watermarks | null> {
    type Row = { toUs: number | null; recordsToUs: number | null };
    const own = await query<Row>(this.pool, marksOf, [outbox]);
    const { rows } = own.rows.length > 0 || outbox !== mainOutbox ? own : await query<Row>(this.pool, lastEnds, []);
    const { toUs = null, recordsToUs = null } = rows[0] ?? {};
    return toUs === null ? null : { toUs, recordsToUs };
  }

  /** Up to where the scheduled audit has compared outboxes, by name. An outbox that is not there keeps what it has. */
  async keepMarks(marks: ReadonlyMap<string, Watermarks>): Promise<void> {
    if (marks.size === 0) return;
    const all = [...marks.values()];
    await query(this.pool, keepMarks, [
      [...marks.keys()],
      all.map(({ toUs }) => toUs),
      all.map(({ recordsToUs }) => recordsToUs),
    ]);
  }

  /** Findings neither resolved nor acknowledged, oldest first. */
  async open(limit: number): Promise<Finding[]> {
    type Row = Omit<Finding, 'outbox'> & { outbox: string | null };
    const { rows } = await query<Row>(this.pool, openFindings, [limit]);
    return rows.map(({ outbox, ...finding }) => ({ ...finding, ...(outbox === null ? {} : { outbox }) }));
  }

  /** Writes what was seen at `seenUs`. One that was resolved later than that stays resolved: another audit looked later. */
  async record(findings: readonly Finding[], seenUs: number): Promise<void> {
    if (findings.length === 0) return;
    const column = (name: keyof Finding) => findings.map((finding) => finding[name] ?? null);
    await query(this.pool, record, [column('eventId'), column('kind'), column('detail'), column('outbox'), seenUs]);
  }

  /** These were looked for at `seenUs` and are gone. */
  async resolve(findings: readonly Finding[], seenUs: number): Promise<void> {
    if (findings.length === 0) return;
    const ids = findings.map(({ eventId }) => eventId);
    await query(this.pool, resolve, [ids, findings.map(({ kind }) => kind), seenUs]);
  }

  /** Open findings by kind and outbox, with examples, and how many of them say that their event is not on Kafka. */
  async counts(): Promise<readonly (FoundInOutbox & { readonly notOnKafka: number })[]> {
    type Row = FoundInOutbox & { kind: FindingKind; notOnKafka: number };
    return (await query<Row>(this.pool, countOpen, [])).rows;
  }

  /** Writes the audit itself, and trims what is older than a month. */
  async close(report: AuditReport, origin: 'schedule' | 'demand', recordsToUs: number | null): Promise<void> {
    const { auditId, from, to, examined, counts, unexplained, notes, tookMs } = report;
    await query(this.pool, close, [
      ...[auditId, origin, from, to, recordsToUs, examined.rows, examined.runs, examined.records],
      ...[JSON.stringify(counts), unexplained, JSON.stringify(notes), Math.round(tookMs)],
    ]);
  }
}
