import { type SubjectType } from '../contracts/events/consequences';
import { type Domain } from '../contracts/events/define';
import { domainOfSubject } from '../contracts/sequence-domains';
import { deleteLapsedSignals, newSignals, signalsCopied } from '../outbox/signals.sql';
import { faultPoint } from '../runtime/fault-points';
import { type Logger } from '../runtime/logger';
import { type Database } from '../runtime/postgres';

interface Signal {
  readonly subjectType: SubjectType;
  readonly subjectId: string;
  readonly reason: string;
  /** As PostgreSQL writes it, with its microseconds: which signal of the subject it is. */
  readonly signalledAt: string;
  /** What is left of it, by the clock of the outbox's database: that of State may differ. */
  readonly holdMs: number;
}

const hold = `
  SELECT nova.tombstone_hold(s.type, s.id, s.ms, s.reason)
  FROM unnest($1::text[], $2::text[], $3::double precision[], $4::text[]) AS s (type, id, ms, reason)`;

const signalsPerTurn = 200;
const lapsedPerTurn = 500;

/**
 * Brings the deletes that a service has signalled from its outbox to State, where they hold back what workflows do. In a database that has both,
 * a trigger does it in the transaction that signals, and there is nothing to bring. First State, then the mark: what is brought twice holds a little
 * longer.
 */
export class SignalCarrier {
  constructor(
    private readonly options: {
      readonly outbox: {
        readonly name: string;
        readonly database: Database;
        readonly domains?: readonly Domain[] | undefined;
      };
      readonly state: Database;
      readonly logger: Logger;
    },
  ) {}

  /** Returns how many there were; as many as `signalsPerTurn`: there may be more. */
  async carry(): Promise<number> {
    const { outbox, state, logger } = this.options;
    const { rows } = await outbox.database.query<Signal>(newSignals, [signalsPerTurn]);
    if (rows.length === 0) return 0;
    await faultPoint('signals.read');
    const [brought, refused] = [rows.filter((row) => this.mayHold(row)), rows.filter((row) => !this.mayHold(row))];
    for (const { subjectType, subjectId } of refused)
      logger.warn(
        { outbox: outbox.name, subject_type: subjectType, subject_id: subjectId },
        'DOMAIN_NOT_ALLOWED: a delete was signalled by a service that does not own its subject; nothing is held back',
      );
    if (brought.length > 0)
      await state.query(hold, [
        brought.map(({ subjectType }) => subjectType),
        brought.map(({ subjectId }) => subjectId),
        brought.map(({ holdMs }) => holdMs),
        brought.map(({ reason }) => reason),
      ]);
    await faultPoint('signals.brought');
    await outbox.database.query(signalsCopied, [
      rows.map(({ subjectType }) => subjectType),
      rows.map(({ subjectId }) => subjectId),
      rows.map(({ signalledAt }) => signalledAt),
    ]);
    return rows.length;
  }

  /** Deletes what lapsed an hour ago or earlier. */
  async expire(): Promise<void> {
    await this.options.outbox.database.query(deleteLapsedSignals, [lapsedPerTurn]);
  }

  private mayHold({ subjectType }: Signal): boolean {
    const { domains } = this.options.outbox;
    const domain = domainOfSubject[subjectType];
    return domains === undefined || domains.includes(domain);
  }
}
