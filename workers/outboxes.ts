import { type Pool } from 'pg';
import { type Effect, effectNames } from '../contracts/effects';
import { type NovaError } from '../contracts/failures';
import { type Logger } from '../runtime/logger';
import { OutboxAdmission } from '../runtime/outbox-admission';
import { OutboxPools } from '../runtime/outbox-pools';
import { type OutboxSetting, isInState, outboxesOf } from '../runtime/outboxes';
import { createPool } from '../runtime/postgres';
import { type WorkerConfig } from './settings';

/**
 * An emit holds its connection for as long as Kafka takes. It has one of its own, since the emits of an outbox share one
 * transaction at a time: however slow Kafka is, the payloads of the other effects are loaded over the rest.
 */
const emitConnections = 1;

type Asker = Effect | 'audit';

/** An outbox with a database of its own, as this process reaches it. */
export class OwnOutbox {
  readonly name: string;
  readonly loads: Pool;
  /** Why it is not asked; undefined: it may be. */
  refusal: NovaError | undefined;
  private readonly emits: Pool;
  /** A pool may be silent while the other is not. */
  private readonly admissions: { readonly loads: OutboxAdmission; readonly emits: OutboxAdmission };

  constructor({ name, url, schema, connections }: OutboxSetting, logger: Logger) {
    const open = (use: string, max: number) =>
      createPool({ url, schema, max, applicationName: `nova-worker-${use}`, logger: logger.child({ outbox: name }) });
    const admission = () => new OutboxAdmission(name, () => this.refusal);
    this.name = name;
    this.loads = open('events', connections - emitConnections);
    this.emits = open('kafka', emitConnections);
    this.admissions = { loads: admission(), emits: admission() };
  }

  reachedBy(asker: Asker): { readonly pool: Pool; readonly admission: OutboxAdmission } {
    return asker === 'kafka'
      ? { pool: this.emits, admission: this.admissions.emits }
      : { pool: this.loads, admission: this.admissions.loads };
  }

  /** Why the activities of its events are refused now; undefined: they are not. */
  get fault(): NovaError | undefined {
    return this.admissions.loads.fault ?? this.admissions.emits.fault;
  }

  async end(): Promise<void> {
    await Promise.all([this.loads.end(), this.emits.end()]);
  }
}

/** The connections of a worker process to the outboxes. Opened when they are needed. */
export class WorkerOutboxes {
  /** What each effect, and the audit, asks about events. */
  readonly of: Readonly<Record<Asker, OutboxPools>>;
  readonly own: readonly OwnOutbox[];

  /**
   * An outbox in the database of State is asked over the connections of the effect that asks: with one database for everything each
   * effect has its bulkhead there. One with a database of its own has its own few connections, which all effects share: what is
   * used up there is used up for its own events alone.
   */
  constructor(config: WorkerConfig, state: Readonly<Record<Asker, Pool>>, logger: Logger) {
    const all = outboxesOf(config);
    const inState = all.filter((outbox) => isInState(outbox, config)).map(({ name }) => name);
    this.own = all.filter((outbox) => !isInState(outbox, config)).map((outbox) => new OwnOutbox(outbox, logger));
    const poolsOf = (asker: Asker) => {
      const own = this.own.map((outbox) => ({ name: outbox.name, ...outbox.reachedBy(asker) }));
      const shared = inState.map((name) => [name, state[asker]] as const);
      return new OutboxPools(
        new Map([...shared, ...own.map(({ name, pool }) => [name, pool] as const)]),
        new Map(own.map(({ name, admission }) => [name, admission])),
      );
    };
    const askers: readonly Asker[] = [...effectNames, 'audit'];
    this.of = Object.fromEntries(askers.map((asker) => [asker, poolsOf(asker)])) as Record<Asker, OutboxPools>;
  }

  /** Closes the connections of its own; those to State belong to the effects. */
  async end(): Promise<void> {
    await Promise.all(this.own.map((outbox) => outbox.end()));
  }
}
