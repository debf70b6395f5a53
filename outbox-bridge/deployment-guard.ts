import { type Connection } from '@temporalio/client';
import { type Pool } from 'pg';
import { catalogue } from '../contracts/catalogue';
import { type FailureCode, NovaError } from '../contracts/failures';
import { type DeploymentSettings, checkDeployment } from '../runtime/deployment';
import { oneLine } from '../runtime/errors';
import { type Logger } from '../runtime/logger';
import { isDatabaseOutage } from '../runtime/postgres';
import { missingSearchAttributes, notRegistered } from '../runtime/search-attributes';
import { type ServerSettings, withSetting } from '../runtime/which-setting';
import { classifyTemporalError } from '../runtime/classify-temporal-error';
import { type Pauses } from './pauses';

/** How often a bridge that works is checked, and one that waits, milliseconds. */
const everyMs = { well: 30_000, ill: 2_000 };

/**
 * Whether this bridge may work at all: the database must belong to its deployment, and the namespace must have the search
 * attributes. Checked before the first claim and then regularly, since both can change while the process runs.
 */
export class DeploymentGuard {
  private missing: readonly string[] = [];

  constructor(
    private readonly deps: {
      readonly pool: Pool;
      readonly connection: Connection;
      readonly settings: DeploymentSettings & ServerSettings;
      readonly pauses: Pauses;
      readonly logger: Logger;
      /** Called with what keeps the bridge from working. */
      readonly onRefusal: (code: FailureCode, detail: string) => void;
      readonly onResume: () => void;
    },
  ) {}

  /** What people must know; undefined: all is well. */
  get alarm(): string | undefined {
    return this.missing.length === 0 ? undefined : `SEARCH_ATTRIBUTE_MISSING: ${this.reason()}`;
  }

  /** @throws NovaError WRONG_DEPLOYMENT, or that a server is away */
  async check(): Promise<void> {
    const { pool, connection, settings } = this.deps;
    await checkDeployment(pool, connection, settings).catch((thrown: unknown) => {
      if (thrown instanceof NovaError) throw thrown;
      const code = isDatabaseOutage(thrown) ? 'DATABASE_UNAVAILABLE' : classifyTemporalError(thrown).code;
      throw new NovaError(code, withSetting(thrown, settings), { cause: thrown });
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
      return everyMs.well;
    }
    await this.lookAtSearchAttributes();
    return this.missing.length === 0 ? everyMs.well : everyMs.ill;
  }

  /**
   * Without one of the first four every start is refused, which the start itself finds out. `Outcome` is written at the end of
   * a run: without it runs fail their last task until it is back, and no start shows it.
   */
  private async lookAtSearchAttributes(): Promise<void> {
    const { connection, settings, pauses, logger, onResume } = this.deps;
    try {
      this.missing = await missingSearchAttributes(connection, settings.temporalNamespace);
    } catch (thrown) {
      // Not every login may ask, and some services do not offer it: then only failing starts show what is missing.
      logger.debug({ error: oneLine(thrown) }, 'search attributes cannot be listed');
      return;
    }
    const isMissing = this.missing.length > 0;
    const changed = catalogue.filter(({ type }) =>
      isMissing
        ? pauses.pause(type, 'SEARCH_ATTRIBUTE_MISSING', this.reason(), Infinity)
        : pauses.resume(type, 'SEARCH_ATTRIBUTE_MISSING'),
    );
    if (changed.length === 0) return;
    if (isMissing)
      return logger.error({ missing: this.missing }, 'all event types paused: search attributes are missing');
    logger.info('event types resumed: the search attributes are there');
    onResume();
  }

  private reason(): string {
    return notRegistered(this.missing, this.deps.settings.temporalNamespace);
  }
}
