import { type Pool } from 'pg';
import { NovaError } from '../contracts/failures';
import { mainOutbox, outboxOf } from '../contracts/outbox-name';
import { type OutboxAdmission } from './outbox-admission';

/** What says which outbox holds a row: the reference of an event, or a name as `{ outbox }`. */
type Holder = { readonly outbox?: string | undefined };

/** With several databases, a schema that lacks something says which of them it is in. */
export function ofOutbox(thrown: unknown, holder: Holder): unknown {
  if (!(thrown instanceof NovaError) || thrown.code !== 'SCHEMA_BEHIND') return thrown;
  const detail = thrown.message.slice('SCHEMA_BEHIND: '.length);
  return new NovaError('SCHEMA_BEHIND', `outbox ${outboxOf(holder)}: ${detail}`, { cause: thrown });
}

/** Connections to the databases that hold the outboxes, by name. */
export class OutboxPools {
  /** @param admissions of those that are not asked at every moment */
  constructor(
    private readonly pools: ReadonlyMap<string, Pool>,
    private readonly admissions: ReadonlyMap<string, OutboxAdmission> = new Map<string, OutboxAdmission>(),
  ) {}

  /** Of a deployment with one outbox, `main`. */
  static one(pool: Pool): OutboxPools {
    return new OutboxPools(new Map([[mainOutbox, pool]]));
  }

  get names(): readonly string[] {
    return [...this.pools.keys()];
  }

  /**
   * Of the outbox that holds the row.
   * @throws NovaError UNKNOWN_OUTBOX when the settings of this process do not name it
   */
  of(holder: Holder): Pool {
    const name = outboxOf(holder);
    const pool = this.pools.get(name);
    if (pool !== undefined) return pool;
    throw new NovaError('UNKNOWN_OUTBOX', `no outbox ${name}; this process has ${this.names.join(', ')} (OUTBOXES)`);
  }

  /**
   * Asks the outbox that holds the row, unless it may not be asked now.
   * @throws NovaError UNKNOWN_OUTBOX; why it may not be asked; what `request` throws
   */
  async ask<T>(holder: Holder, request: (pool: Pool) => Promise<T>): Promise<T> {
    const pool = this.of(holder);
    const admission = this.admissionOf(holder);
    admission?.check();
    try {
      return await (admission === undefined ? request(pool) : admission.follow(request(pool)));
    } catch (thrown) {
      throw ofOutbox(thrown, holder);
    }
  }

  /** Undefined: it is asked at every moment. */
  admissionOf(holder: Holder): OutboxAdmission | undefined {
    return this.admissions.get(outboxOf(holder));
  }

  /** Closes each pool once, also one that is there under two names. */
  async end(): Promise<void> {
    const open = [...new Set(this.pools.values())].filter((pool) => !pool.ended);
    await Promise.all(open.map((pool) => pool.end()));
  }
}
