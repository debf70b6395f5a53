import { setTimeout as pause } from 'node:timers/promises';
import { type Connection } from '@temporalio/client';
import { type Pool } from 'pg';
import { NovaError } from '../contracts/failures';
import { type DeploymentSettings, checkDeployment } from '../runtime/deployment';
import { oneLine } from '../runtime/errors';
import { type Logger } from '../runtime/logger';
import { isDatabaseOutage } from '../runtime/postgres';
import { missingSearchAttributes, notRegistered } from '../runtime/search-attributes';
import { type ServerSettings, withSetting } from '../runtime/which-setting';

const everyMs = { well: 30_000, ill: 2_000 };

/**
 * Whether this process may work: the database must belong to its deployment. Asked before the first task is taken, and again
 * and again. Looks also whether the namespace still has the search attributes: without `Outcome` a run that ends otherwise
 * than `done` cannot end, and tries again until it is back.
 */
export class DeploymentGate {
  private missing: readonly string[] = [];
  private isOpen = false;

  constructor(
    private readonly deps: {
      readonly pool: Pool;
      readonly connection: Connection;
      readonly settings: DeploymentSettings & ServerSettings;
      readonly logger: Logger;
      /** Called when the database turns out to belong to another deployment while this process works on it. */
      readonly onRefusal: (refusal: NovaError) => void;
    },
  ) {}

  /** Resolves when work may begin, or `stop` is aborted. `waiting` is called with the reason before each pause. */
  async open(stop: AbortSignal, waiting: (reason: string) => void): Promise<void> {
    while (!stop.aborted) {
      try {
        await this.check();
        this.isOpen = true;
        return;
      } catch (thrown) {
        const code = isDatabaseOutage(thrown) ? 'DATABASE_UNAVAILABLE: ' : '';
        waiting(`${code}${withSetting(thrown, this.deps.settings)}`);
        await pause(everyMs.ill, undefined, { signal: stop }).catch(() => undefined);
      }
    }
  }

  /** One look while the process works; returns the milliseconds until the next. A server that is away proves nothing. */
  async look(): Promise<number> {
    const { connection, settings, logger, onRefusal } = this.deps;
    if (!this.isOpen) return everyMs.ill;
    try {
      await this.check();
      const missing = await missingSearchAttributes(connection, settings.temporalNamespace);
      if (missing.length > 0 && this.missing.length === 0) logger.error({ missing }, 'search attributes are missing');
      this.missing = missing;
    } catch (thrown) {
      if (thrown instanceof NovaError && thrown.code === 'WRONG_DEPLOYMENT') onRefusal(thrown);
      else logger.debug({ error: oneLine(thrown) }, 'the deployment cannot be checked now');
    }
    return this.missing.length === 0 ? everyMs.well : everyMs.ill;
  }

  /** What people must know; undefined: all is well. */
  get alarm(): string | undefined {
    if (this.missing.length === 0) return undefined;
    return `SEARCH_ATTRIBUTE_MISSING: ${notRegistered(this.missing, this.deps.settings.temporalNamespace)}`;
  }

  /** @throws NovaError WRONG_DEPLOYMENT; whatever PostgreSQL or Temporal throws when one of them is away */
  check(): Promise<void> {
    return checkDeployment(this.deps.pool, this.deps.connection, this.deps.settings);
  }
}
