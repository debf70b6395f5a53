import { type Pool } from 'pg';
import { type Logger } from '../runtime/logger';
import { OutboxPools } from '../runtime/outbox-pools';
import { type OutboxSetting, isInState, outboxesOf } from '../runtime/outboxes';
import { createPool } from '../runtime/postgres';
import { type BridgeConfig } from './compose-shared';

/** State's chores read one after another; most take milliseconds. */
const stateConnections = 2;

/** Of an outbox that this process does not serve: housekeeping of State asks it now and then. */
const unservedConnections = 1;

export interface BridgePools {
  readonly state: Pool;
  /** Of all outboxes of the deployment; without a question to it a database is not connected to. */
  readonly outboxes: OutboxPools;
  /** Closes each once. */
  readonly end: () => Promise<void>;
}

/** One pool for each database: an outbox in State's database shares State's. */
export function composePools(served: readonly OutboxSetting[], config: BridgeConfig, logger: Logger): BridgePools {
  const pool = (url: string, schema: string, max: number): Pool =>
    createPool({ ...{ url, schema, max, logger }, applicationName: 'nova-bridge' });
  const connectionsOf = ({ name, connections }: OutboxSetting): number =>
    served.some((outbox) => outbox.name === name) ? connections : unservedConnections;
  const all = outboxesOf(config);
  const united = all.find((outbox) => isInState(outbox, config));
  const max = stateConnections + (united === undefined ? 0 : connectionsOf(united));
  const state = pool(config.databaseUrl, config.databaseSchema, max);
  const of = (outbox: OutboxSetting): Pool =>
    isInState(outbox, config) ? state : pool(outbox.url, outbox.schema, connectionsOf(outbox));
  const outboxes = new OutboxPools(new Map(all.map((outbox) => [outbox.name, of(outbox)])));
  return {
    ...{ state, outboxes },
    end: async () => {
      await Promise.all([outboxes.end(), united !== undefined || state.ended ? undefined : state.end()]);
    },
  };
}
