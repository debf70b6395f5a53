import { type Pool, type QueryResult, type QueryResultRow } from 'pg';
import { definitionOf } from '../../contracts/catalogue';
import { type Domain } from '../../contracts/events/define';

/** When an insert began and when its commit was known, by one clock that never goes back. */
interface Span {
  readonly beganAt: number;
  readonly endedAt: number;
}

/** An insert that was refused, and how long its writer repeated it. */
export interface HeldUp {
  readonly domain: Domain;
  readonly ms: number;
  /** Neither outbox took it at some moment: the writer had to wait, and not only to go to the other one. */
  readonly byBoth: boolean;
}

/**
 * The services of a deployment as one database, for `createTraffic` and `commit`: each event is written where its domain is, and everything
 * else in State. A service does what it must in a move: what one outbox refuses it repeats in the other. Some of its instances know the new
 * outbox and go there at once; the late ones try the old one first, for as long as they live.
 */
export class MovingService {
  /** Of every event, by id. */
  readonly spans = new Map<string, Span>();
  /** Refusals so far, by SQLSTATE constraint. */
  readonly refused = new Map<string, number>();
  readonly heldUp: HeldUp[] = [];
  private readonly homes = new Map<Domain, readonly Pool[]>();

  constructor(
    private readonly state: Pool,
    private readonly isLate: () => boolean,
  ) {}

  /** From now on the domain may be in the new outbox. */
  mayMove(domain: Domain, to: Pool): void {
    this.homes.set(domain, [...(this.homes.get(domain) ?? [this.state]), to]);
  }

  /** What a writer calls. */
  readonly database = { query: (text: string, values?: unknown[]) => this.query(text, values) } as Pick<Pool, 'query'>;

  private readonly query = async <Row extends QueryResultRow>(
    text: string,
    values: unknown[] = [],
  ): Promise<QueryResult<Row>> => {
    const domain = /^\s*INSERT INTO outbox_events/.test(text) ? definitionOf(String(values[2]))?.domain : undefined;
    if (domain === undefined) return this.state.query<Row>(text, values);
    const beganAt = performance.now();
    const result = await this.repeat<Row>(domain, text, values);
    this.spans.set(String(values[0]), { beganAt, endedAt: performance.now() });
    return result;
  };

  private async repeat<Row extends QueryResultRow>(domain: Domain, text: string, values: unknown[]) {
    let refusedAt: number | undefined;
    for (let rounds = 0; ; rounds++) {
      const homes = this.homes.get(domain) ?? [this.state];
      for (const home of this.isLate() ? homes : [...homes].reverse()) {
        try {
          const result = await home.query<Row>(text, values);
          if (refusedAt !== undefined)
            this.heldUp.push({ domain, ms: performance.now() - refusedAt, byBoth: rounds > 0 });
          return result;
        } catch (thrown) {
          const { constraint } = thrown as { constraint?: string };
          if (constraint !== 'OUTBOX_MOVED' && constraint !== 'OUTBOX_NOT_OPEN') throw thrown;
          this.refused.set(constraint, (this.refused.get(constraint) ?? 0) + 1);
          refusedAt ??= performance.now();
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/**
 * Sentences on events of one aggregate and domain that stand in an order which no one can have written them in: the one behind was known to be
 * committed before the one in front was begun. `placed`: events with the place that each has, by anything that rises.
 */
export function againstTime(
  placed: readonly { readonly id: string; readonly group: string; readonly place: number }[],
  spans: ReadonlyMap<string, Span>,
): string[] {
  const faults: string[] = [];
  const latest = new Map<string, { id: string; beganAt: number }>();
  for (const { id, group } of [...placed].sort((a, b) => a.place - b.place)) {
    const span = spans.get(id);
    if (span === undefined) throw new Error(`no writer knows event ${id}`);
    const front = latest.get(group);
    if (front !== undefined && span.endedAt < front.beganAt)
      faults.push(`${group}: ${id} stands behind ${front.id}, and was written before it`);
    if (front === undefined || span.beganAt > front.beganAt) latest.set(group, { id, beganAt: span.beganAt });
  }
  return faults;
}
