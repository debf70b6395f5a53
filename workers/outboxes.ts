import { type Pool } from 'pg';
import { type Effect, effectNames } from '../contracts/effects';
import { type Logger } from '../runtime/logger';
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

interface OwnPools {
  readonly loads: Pool;
  readonly emits: Pool;
}

/** The connections of a worker process to the outboxes. Opened when they are needed. */
export class WorkerOutboxes {
  /** What each effect, and the audit, asks about events. */
  readonly of: Readonly<Record<Asker, OutboxPools>>;
  private readonly own: readonly OwnPools[];

  /**
   * An outbox in the database of State is asked over the connections of the effect that asks: with one database for everything each
   * effect has its bulkhead there. One with a database of its own has its own few connections, which all effects share: what is
   * used up there is used up for its own events alone.
   */
  constructor(config: WorkerConfig, state: Readonly<Record<Asker, Pool>>, logger: Logger) {
    const inState: string[] = [];
    const own = new Map<string, OwnPools>();
    for (const outbox of outboxesOf(config)) {
      if (isInState(outbox, config)) inState.push(outbox.name);
      else own.set(outbox.name, openPools(outbox, logger));
    }
    const poolsOf = (asker: Asker) =>
      new OutboxPools(
        new Map([
          ...inState.map((name) => [name, state[asker]] as const),
          ...[...own].map(([name, { loads, emits }]) => [name, asker === 'kafka' ? emits : loads] as const),
        ]),
      );
    const askers: readonly Asker[] = [...effectNames, 'audit'];
    this.of = Object.fromEntries(askers.map((asker) => [asker, poolsOf(asker)])) as Record<Asker, OutboxPools>;
    this.own = [...own.values()];
  }

  /** Closes the connections of its own; those to State belong to the effects. */
  async end(): Promise<void> {
    await Promise.all(this.own.flatMap(({ loads, emits }) => [loads.end(), emits.end()]));
  }
}

function openPools({ url, schema, connections }: OutboxSetting, logger: Logger): OwnPools {
  const open = (use: string, max: number) =>
    createPool({ url, schema, max, applicationName: `nova-worker-${use}`, logger });
  return { loads: open('events', connections - emitConnections), emits: open('kafka', emitConnections) };
}
