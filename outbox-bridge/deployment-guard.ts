import { type Connection } from '@temporalio/client';
import { type Pool } from 'pg';
import { type FailureCode, NovaError } from '../contracts/failures';
import { type DeploymentSettings, checkDeployment } from '../runtime/deployment';
import { type ServerSettings, withSetting } from '../runtime/which-setting';
import { classifyTemporalError } from '../runtime/classify-temporal-error';

/** How often it is checked, milliseconds. */
const everyMs = 30_000;

/**
 * Whether this bridge may work on an outbox at all: its database must belong to the bridge's deployment. Checked before the first
 * claim and then regularly, since it can change while the process runs.
 */
export class DeploymentGuard {
  constructor(
    private readonly deps: {
      readonly pool: Pool;
      readonly connection: Connection;
      readonly settings: DeploymentSettings & ServerSettings;
      /** Called with what keeps the bridge from working. */
      readonly onRefusal: (code: FailureCode, detail: string) => void;
    },
  ) {}

  /** @throws NovaError WRONG_DEPLOYMENT, or that a server is away */
  async check(): Promise<void> {
    const { pool, connection, settings } = this.deps;
    const failing = (code: FailureCode, thrown: unknown): NovaError =>
      new NovaError(code, withSetting(thrown, settings), { cause: thrown });
    // What this database fails with, a wrong password too, must not pass for Temporal's fault, which stops all outboxes.
    const query = (text: string) =>
      pool.query<object>(text).catch((thrown: unknown) => {
        throw isUnknownTable(thrown) ? thrown : failing('DATABASE_UNAVAILABLE', thrown);
      });
    await checkDeployment({ query }, connection, settings).catch((thrown: unknown) => {
      throw thrown instanceof NovaError ? thrown : failing(classifyTemporalError(thrown).code, thrown);
    });
  }

  /** One look; returns the milliseconds until the next. */
  async look(): Promise<number> {
    try {
      await this.check();
    } catch (thrown) {
      // From here on the bridge's own probe asks, until it may work.
      if (!(thrown instanceof NovaError)) throw thrown;
      this.deps.onRefusal(thrown.code, thrown.message.slice(thrown.code.length + 2));
    }
    return everyMs;
  }
}

/** Not migrated yet: it belongs to no deployment. */
const isUnknownTable = (thrown: unknown): boolean => (thrown as { code?: unknown }).code === '42P01';
